import { describe, expect, it } from "vitest";
import { certificatesOf, certificatesPatch } from "./certificates";

const NONE = { client_certificates: null };
const TAKEN = {
  client_certificates: {
    mode: "required" as const,
    authorities: "PEM\n",
    mapping_rules: "DEFAULT",
  },
};

describe("client certificates", () => {
  it("are asked for as they are typed, once something is changed", () => {
    const typed = { mode: "requested" as const, authorities: "PEM", rules: " DEFAULT\n" };
    expect(certificatesPatch(NONE, typed)).toEqual({
      mode: "requested",
      authorities: "PEM",
      mapping_rules: "DEFAULT",
    });
    expect(certificatesPatch(TAKEN, certificatesOf(TAKEN))).toBeNull();
    expect(certificatesPatch(TAKEN, { ...certificatesOf(TAKEN), rules: "" })).toEqual({
      mode: "required",
      authorities: "PEM\n",
      mapping_rules: "",
    });
  });

  it("are nothing without the authorities that sign them", () => {
    expect(certificatesPatch(NONE, { mode: "required", authorities: " ", rules: "" })).toBeNull();
  });

  it("are turned off alone", () => {
    expect(certificatesPatch(TAKEN, { ...certificatesOf(TAKEN), mode: "off" })).toEqual({
      mode: "off",
      mapping_rules: "",
    });
    expect(certificatesPatch(NONE, certificatesOf(NONE))).toBeNull();
  });
});
