//! Which addresses a receiver may have: those of the public internet.
//!
//! Allowed ranges are listed for IPv6, and forbidden ones for IPv4, whose public space is the
//! remainder.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is on the public internet. No address of this machine, of a private network
/// or of a cloud's metadata is, in any form.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    // IANA's registry of special-purpose addresses.
    !matches!(
        address.octets(),
        [0 | 10 | 127 | 224.., ..]
            | [100, 64..=127, ..]
            | [169, 254, ..]
            | [172, 16..=31, ..]
            | [192, 0, 0 | 2, _]
            | [192, 88, 99, _]
            | [192, 168, ..]
            | [198, 18..=19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
    )
}

/// Global unicast, without addresses that are for documentation or carry an IPv4 address. Mapped
/// and translated addresses, unique local, link-local and multicast ones are outside of that space.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let is_global = segments[0] & 0xe000 == 0x2000;
    let is_special = match segments {
        [0x2001, second, ..] => second < 0x200 || second == 0xdb8,
        [first, second, ..] => first == 0x2002 || (first == 0x3fff && second < 0x1000),
    };
    is_global && !is_special
}
