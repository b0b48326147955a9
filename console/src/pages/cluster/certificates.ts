import type { Cluster } from "../../api/queries";

export const MODES = [
  { value: "off", label: "Takes none" },
  { value: "requested", label: "Takes them; who shows none is User:ANONYMOUS" },
  { value: "required", label: "Requires them" },
] as const satisfies readonly { value: string; label: string }[];

/** How a cluster knows clients by certificates, as it is typed. */
export interface Certificates {
  mode: (typeof MODES)[number]["value"];
  /** PEM of the authorities that sign them. */
  authorities: string;
  /** Kafka's ssl.principal.mapping.rules. */
  rules: string;
}

export function certificatesOf(cluster: Pick<Cluster, "client_certificates">): Certificates {
  const kept = cluster.client_certificates;
  if (kept === null) return { mode: "off", authorities: "", rules: "" };
  return { mode: kept.mode, authorities: kept.authorities, rules: kept.mapping_rules };
}

/** What to ask the service for; null where nothing is changed or authorities are missing. */
export function certificatesPatch(
  cluster: Pick<Cluster, "client_certificates">,
  wanted: Certificates,
) {
  const before = certificatesOf(cluster);
  if (wanted.mode === "off") {
    return before.mode === "off" ? null : { mode: wanted.mode, mapping_rules: "" };
  }
  const isSame =
    wanted.mode === before.mode &&
    wanted.authorities.trim() === before.authorities.trim() &&
    wanted.rules.trim() === before.rules.trim();
  if (isSame || wanted.authorities.trim() === "") return null;
  return {
    mode: wanted.mode,
    authorities: wanted.authorities,
    mapping_rules: wanted.rules.trim(),
  };
}
