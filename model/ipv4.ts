/** IPv4 arithmetic. Harvester's installer accepts nothing but IPv4 [harvester-installer pkg/console/validator.go]. */

/** A network in CIDR notation, parsed. */
export interface Network {
  /** First address, as a number. */
  network: number;
  /** Last address, as a number. */
  broadcast: number;
  /** Prefix length. */
  prefix: number;
  /** Mask in dotted form, which is what `management_interface.subnet_mask` wants. */
  mask: string;
}

/** An inclusive range of addresses. */
export interface AddressRange {
  first: number;
  last: number;
}

/** The address as an unsigned number; undefined when it is not four decimal parts without leading zeros. */
export function parseAddress(text: string): number | undefined {
  if (!/^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/.test(text)) return undefined;
  const parts = text.split(".").map(Number);
  if (parts.some((part) => part > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

/** The dotted form of a numeric address. */
export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}

/**
 * Parses `192.168.10.0/24`. Host bits are kept out of `network`, so compare `formatAddress(network)` with the text
 * to find an address written where a network belongs.
 */
export function parseNetwork(text: string): Network | undefined {
  const [addressText = "", prefixText = "", ...rest] = text.split("/");
  const address = parseAddress(addressText);
  if (address === undefined || rest.length > 0 || !/^(0|[1-9]|[12]\d|3[0-2])$/.test(prefixText))
    return undefined;
  const prefix = Number(prefixText);
  const size = 2 ** (32 - prefix);
  const network = Math.floor(address / size) * size;
  return { network, broadcast: network + size - 1, prefix, mask: formatAddress(2 ** 32 - size) };
}

/** Parses `192.168.10.100-192.168.10.200`; undefined when malformed or upside down. */
export function parseRange(text: string): AddressRange | undefined {
  const [firstText = "", lastText = "", ...rest] = text.split("-").map((part) => part.trim());
  const [first, last] = [parseAddress(firstText), parseAddress(lastText)];
  if (first === undefined || last === undefined || rest.length > 0 || first > last) return undefined;
  return { first, last };
}

/** Whether the network contains the address. */
export function contains(network: Network, address: number): boolean {
  return address >= network.network && address <= network.broadcast;
}
