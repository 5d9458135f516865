//! How busy this process kept the machine's processors.

/// Seconds of processor time that this process has used so far, on all threads; none where the
/// system does not say.
pub(crate) fn seconds_used() -> Option<f64> {
    // Linux: user and system time are the 14th and 15th field, in hundredths of a second; the
    // second one, the name in parentheses, may hold blanks.
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |field: usize| fields.get(field)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}
