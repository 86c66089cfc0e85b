/** What goes wrong with a BMC, told apart and explained. */
import type { NoAnswer, Silence } from "../net/http";
import { UntrustedCertificate } from "../net/trust";
import { UserError } from "../shell/errors";

/**
 * What went wrong:
 * - `silent`: no answer (off, unreachable, overloaded); says nothing about the machine
 * - `untrusted`: something answers whose certificate is not trusted
 * - `credentials`: name or password refused
 * - `unsupported`: the BMC lacks what is needed
 * - `refused`: the BMC answered a request with an error
 * - `unclear`: a write was sent and it cannot be told whether it took effect
 */
export type BmcProblem = "silent" | "untrusted" | "credentials" | "unsupported" | "refused" | "unclear";

/** Thrown by everything that talks to a BMC. */
export class BmcError extends UserError {
  constructor(
    readonly problem: BmcProblem,
    readonly endpoint: string,
    message: string,
    options?: ErrorOptions & {
      /** HTTP status, where the BMC answered. */
      status?: number;
    },
  ) {
    super(`The BMC ${endpoint} ${message}`, options);
    this.name = "BmcError";
    this.status = options?.status;
  }
  readonly status: number | undefined;
}

/** Whether the request that got no answer was certainly not carried out. */
export function neverArrived(silence: Silence): boolean {
  return silence === "refused" || silence === "unreachable" || silence === "name" || silence === "untrusted";
}

/** The error for a BMC that gave no answer. */
export function noAnswerError(endpoint: string, failure: NoAnswer, tries: number): BmcError {
  const { cause } = failure;
  if (cause instanceof UntrustedCertificate) return untrustedError(endpoint, cause);
  const after = tries > 1 ? ` (tried ${tries} times)` : "";
  return new BmcError(
    "silent",
    endpoint,
    `is silent: ${failure.message}${after}. Whether its machine runs cannot be known from that. Check that the BMC has power and that bmc.endpoint is reachable from here; then run the same command again.`,
    { cause: failure },
  );
}

function untrustedError(endpoint: string, { reason, seen }: UntrustedCertificate): BmcError {
  const advice = seen
    ? ` If this is the certificate of that BMC (subject ${seen.subject}; compare it on the BMC's own page), pin it:\n    bmc:\n      tls:\n        fingerprint: "${seen.fingerprint}"\n  or give the authority that signed it as bmc.tls.ca.`
    : "";
  return new BmcError(
    "untrusted",
    endpoint,
    `is not trusted: ${reason}. Its password was not sent.${advice}`,
  );
}

/** The error for refused credentials. */
export function credentialsError(endpoint: string, user: string, status: number): BmcError {
  return new BmcError(
    "credentials",
    endpoint,
    `refused the login of user "${user}" (HTTP ${status}). Correct bmc.user or bmc.password. It was tried once only, because many BMCs lock an account after a few failures.`,
    { status },
  );
}

/** The error for a request that the BMC answered with an error. */
export function refusedError(
  endpoint: string,
  method: string,
  path: string,
  status: number,
  body: string,
): BmcError {
  return new BmcError(
    "refused",
    endpoint,
    `answered ${method} ${path} with HTTP ${status}: ${reasonIn(body)}`,
    { status },
  );
}

/** The message in a Redfish error body. */
function reasonIn(body: string): string {
  try {
    const { error } = JSON.parse(body) as {
      error?: { message?: string; "@Message.ExtendedInfo"?: { Message?: string; Resolution?: string }[] };
    };
    const detailed = error?.["@Message.ExtendedInfo"]
      ?.map((i) => i.Message)
      .filter(Boolean)
      .join(" ");
    return detailed || error?.message || "no reason given";
  } catch {
    return body.replace(/\s+/g, " ").trim().slice(0, 200) || "no reason given";
  }
}
