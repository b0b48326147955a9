/** Decimal places of an amount: the API counts millionths of the currency's unit. */
const PLACES = 6;
const PLACES_MIN = 2;
const MICROS_PER_UNIT = 10n ** BigInt(PLACES);
const NO_BREAK_SPACE = "\u00a0";
const MINUS = "\u2212";
const DECIMAL = /^(-?)(\d+)(?:\.(\d{1,6}))?$/;

/** An amount as millionths of the currency's unit; throws RangeError for what is no such amount. */
export function micros(amount: string): bigint {
  const [, sign, whole = "", fraction = ""] = DECIMAL.exec(amount) ?? [];
  if (sign === undefined) throw new RangeError(`not an amount: ${amount}`);
  const size = BigInt(whole + fraction.padEnd(PLACES, "0"));
  return sign === "-" ? -size : size;
}

/**
 * An amount and its currency, never rounded away: all six places are there, but for zeros at the
 * end beyond the second.
 */
export function money(amount: string, currency: string): string {
  return `${decimal(micros(amount))}${NO_BREAK_SPACE}${currency}`;
}

/** Amounts for a column of a table: all with the places that the longest of them needs. */
export function aligned(amounts: readonly string[]): string[] {
  const found = amounts.map(micros);
  const places = Math.max(PLACES_MIN, ...found.map((amount) => fraction(amount).length));
  return found.map((amount) => decimal(amount, places));
}

/** Less than zero, zero or more, as one amount is less than, equal to or more than the other. */
export function compare(one: string, other: string): number {
  return Number(micros(one) - micros(other));
}

/** The digits of an amount with separators; two places at least, none rounded. */
export function decimal(amount: bigint, placesMin = PLACES_MIN): string {
  const size = amount < 0n ? -amount : amount;
  const whole = new Intl.NumberFormat("en").format(size / MICROS_PER_UNIT);
  return `${amount < 0n ? MINUS : ""}${whole}.${fraction(amount).padEnd(placesMin, "0")}`;
}

/** The places of an amount without the zeros at their end. */
function fraction(amount: bigint): string {
  const rest = (amount < 0n ? -amount : amount) % MICROS_PER_UNIT;
  return rest.toString().padStart(PLACES, "0").replace(/0+$/, "");
}

/** Adds amounts exactly. */
export function sum(amounts: readonly string[]): bigint {
  return amounts.reduce((total, amount) => total + micros(amount), 0n);
}
