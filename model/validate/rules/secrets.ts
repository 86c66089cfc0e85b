import { at, type Rule } from "../rule";

/** Crypt hashes that the installer recognises; it takes everything else for a password in clear. */
const KNOWN_HASH = /^\$(6|5|1|apr1)\$/;

/** Passwords that are tried first. Compared in lower case. */
const WELL_KNOWN = [
  "admin",
  "adminadmin",
  "password",
  "password1234",
  "harvester",
  "rancher",
  "changeme",
  "administrator",
];

/** Types of SSH keys that OpenSSH takes. */
const KEY_TYPES = [
  "ssh-ed25519",
  "ssh-rsa",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "sk-ssh-ed25519@openssh.com",
  "sk-ecdsa-sha2-nistp256@openssh.com",
];

/** The rules over logins: passwords and SSH keys of the cluster, of its nodes and of their BMCs. */
export const secretRules: readonly Rule[] = [
  {
    id: "admin-password",
    about: "The admin password has at least 12 characters and is not well known.",
    source: "Rancher refuses shorter ones (setting password-min-length); Harvester's first password is admin",
    *judge({ cluster }) {
      const password = cluster.access?.adminPassword;
      if (password === undefined) return;
      if (password.length < 12) {
        yield at(
          "access.adminPassword",
          "has fewer than 12 characters, which Rancher refuses at the first login.",
        );
      } else if (isWellKnown(password)) {
        yield at("access.adminPassword", "is one of the first that anybody tries: choose another.");
      }
    },
  },
  {
    id: "os-login",
    about: "The nodes have a password or an SSH key.",
    source: "harvester-installer pkg/console/validator.go ErrMsgNoCredentials",
    *judge({ cluster, absent }) {
      if (cluster.os === undefined) return;
      const noPassword = absent("os.password") || cluster.os.password === "";
      const noKey = absent("os.sshAuthorizedKeys") || cluster.os.sshAuthorizedKeys?.length === 0;
      if (noPassword && noKey) {
        yield at(
          "os",
          "has neither password nor sshAuthorizedKeys: the installer stops without a word. Give one of them.",
        );
      }
    },
  },
  {
    id: "os-password",
    about:
      "The password of the nodes is not well known, and a hash is of a kind that the installer recognises.",
    source: "docs harvester-configuration os.password: SHA-512, SHA-256, MD5, apr1",
    *judge({ cluster }) {
      const password = cluster.os?.password;
      if (password === undefined || password === "") return;
      if (isWellKnown(password))
        yield at("os.password", "is one of the first that anybody tries: choose another.");
      if (/^\$[A-Za-z0-9]+\$/.test(password) && !KNOWN_HASH.test(password)) {
        yield at(
          "os.password",
          "looks like a hash of a kind that the installer does not recognise, so it would become the password itself. " +
            "Use SHA-512: openssl passwd -6",
        );
      }
    },
  },
  {
    id: "ssh-key",
    about: "SSH keys are whole public keys, or github:<user>.",
    source: "docs harvester-configuration os.ssh_authorized_keys",
    *judge({ cluster }) {
      for (const [index, key] of (cluster.os?.sshAuthorizedKeys ?? []).entries()) {
        if (key === undefined) continue;
        const why = keyProblem(key);
        if (why !== undefined) yield at(`os.sshAuthorizedKeys[${index}]`, why);
      }
    },
  },
  {
    id: "bmc-login",
    about: "BMC logins are not empty.",
    *judge({ nodes }) {
      for (const { path, node } of nodes) {
        if (node.bmc?.user === "") yield at(`${path}.bmc.user`, "is empty: give the login of the BMC.");
        if (node.bmc?.password === "")
          yield at(`${path}.bmc.password`, "is empty: give the password of the BMC.");
      }
    },
  },
  {
    id: "bmc-password-known",
    about: "BMC passwords are not the factory's.",
    severity: "warning",
    *judge({ nodes }) {
      for (const { path, node } of nodes) {
        const password = node.bmc?.password;
        if (password !== undefined && (isWellKnown(password) || password.toLowerCase() === "calvin")) {
          yield at(
            `${path}.bmc.password`,
            "is a factory's password: whoever reaches the BMC owns the machine. Change it there.",
          );
        }
      }
    },
  },
];

function isWellKnown(password: string): boolean {
  return WELL_KNOWN.includes(password.toLowerCase());
}

function keyProblem(key: string): string | undefined {
  if (/^github:[A-Za-z0-9-]+$/.test(key)) return undefined;
  if (key.includes("PRIVATE KEY"))
    return "is a private key: give the public one (the .pub file), and replace this pair.";
  const [type = "", data = ""] = key.trim().split(/\s+/);
  if (/[\r\n]/.test(key.trim())) return "has more than one line: give each key as an entry of its own.";
  if (!KEY_TYPES.includes(type))
    return `does not start with a type of key: it reads ${KEY_TYPES[0]} AAAA... comment.`;
  // The type stands once more inside, behind its length; a key that was cut or mixed up does not agree.
  const inner = Buffer.from(data, "base64");
  const length = inner.length >= 4 ? inner.readUInt32BE(0) : 0;
  if (inner.subarray(4, 4 + length).toString("latin1") !== type || inner.length < 4 + length + 32) {
    return `is no whole ${type} key: copy the line from the .pub file once more.`;
  }
  return undefined;
}
