//! A table for a person to read.

/// Each line with its cells below those of the first, two spaces apart. All lines have as many
/// cells as the first.
pub(crate) fn aligned(lines: &[Vec<String>]) -> Vec<String> {
    let width = |n: usize| lines.iter().map(|line| line[n].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..lines.first().map_or(0, Vec::len)).map(width).collect();
    lines.iter().map(|line| padded(line, &widths)).collect()
}

/// A line whose cells are as wide as this, or wider, two spaces apart.
pub(crate) fn padded(cells: &[String], widths: &[usize]) -> String {
    let cells = cells.iter().zip(widths).map(|(cell, &width)| format!("{cell:<width$}"));
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_as_wide_as_its_longest_cell_and_a_line_ends_with_its_text() {
        let lines = [["A", "BC", "D"], ["€€€", "x", ""]].map(|line| line.map(str::to_owned).to_vec());
        assert_eq!(aligned(&lines), ["A    BC  D", "€€€  x"]);
        assert_eq!(aligned(&[]), [""; 0]);
    }
}
