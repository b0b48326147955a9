import { Table } from "@mantine/core";
import { type ReactNode, useState } from "react";

export interface Column {
  label: string;
  /** Whether it holds figures, which stand right; the first column names the row. */
  isFigure?: boolean;
  /** The window from which on it is shown, where narrow ones have no room. */
  from?: "sm" | "md" | "lg";
}

export interface Row {
  key: string;
  cells: readonly ReactNode[];
}

/** Rows of figures under their headings. */
export function FigureTable({
  label,
  columns,
  rows,
}: {
  label: string;
  columns: readonly Column[];
  rows: readonly Row[];
}) {
  return (
    <Table verticalSpacing="xs" horizontalSpacing="sm" aria-label={label} className="figures">
      <Table.Thead>
        <Table.Tr>
          {columns.map((column) => (
            <Table.Th key={column.label} {...place(column)}>
              {column.label}
            </Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.map((row) => (
          <Table.Tr key={row.key}>
            {columns.map((column, index) => (
              <Table.Td key={column.label} {...place(column)}>
                {row.cells[index]}
              </Table.Td>
            ))}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

/** The same figures as a chart's, for who does not see it; opened on demand. */
export function ChartFigures(table: Parameters<typeof FigureTable>[0]) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details className="disclosure" onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>Show the figures</summary>
      {isOpen && <FigureTable {...table} />}
    </details>
  );
}

function place({ isFigure = false, from }: Column) {
  return {
    className: isFigure ? "figure-cell" : "name-cell",
    ...(from ? { visibleFrom: from } : {}),
  };
}
