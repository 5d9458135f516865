//! The `journal` function.

tollgate::main!(run_journal(journal::handle));
