//! Fakes that do not keep their promise.

/// A fake that breaks its contract, to see that the checks notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The gateway carries out everything twice.
    GatewayExecutesTwice,
    /// The store takes every write, made from any version.
    StoreWithoutCondition,
    /// The gateway has no trace of anything when an inquiry comes.
    InquiryFindsNothing,
    /// The index of operations in doubt shows nothing.
    IndexEmpty,
    /// The index of captures that are due shows nothing.
    CaptureIndexEmpty,
}
