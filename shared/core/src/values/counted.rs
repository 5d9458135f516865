//! Counts that end somewhere, as people read them.

/// A number with a comma before its last three digits, and a plus if there are more: `1,000+`.
pub fn counted(number: usize, more: bool) -> String {
    let plus = if more { "+" } else { "" };
    match number {
        thousands @ 1_000.. => format!("{},{:03}{plus}", thousands / 1_000, thousands % 1_000),
        few => format!("{few}{plus}"),
    }
}
