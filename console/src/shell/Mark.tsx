/** The mark: water led to a mill. */
export function Mark() {
  return <img src="/console/favicon.svg" width={28} height={28} alt="" />;
}
