//! The gzip file format (RFC 1952) around a deflate stream: ten bytes before, and the checksum and
//! length after.

use miniz_oxide::deflate::compress_to_vec;

/// Where more effort saves little: a page of 100 payments becomes a tenth, in the share of a
/// processor that 128 MiB have.
const LEVEL: u8 = 4;

/// The format's mark, deflate, no name, no time, no flags, and an operating system that is not
/// known.
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// The polynomial of the checksum, lowest bit first.
const POLYNOMIAL: u32 = 0xedb8_8320;

pub(super) fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut file = HEAD.to_vec();
    file.extend(compress_to_vec(bytes, LEVEL));
    file.extend(checksum(bytes).to_le_bytes());
    // As the format wants it: the length modulo 2^32.
    let length = u32::try_from(bytes.len() & 0xffff_ffff).unwrap_or_default();
    file.extend(length.to_le_bytes());
    file
}

fn checksum(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    let step = |sum: u32, byte: &u8| TABLE[usize::from(sum.to_le_bytes()[0] ^ byte)] ^ (sum >> 8);
    !bytes.iter().fold(u32::MAX, step)
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut n = 0;
    while n < table.len() {
        #[expect(clippy::cast_possible_truncation, reason = "256 entries")]
        let mut entry = n as u32;
        let mut bit = 0;
        while bit < 8 {
            entry = if entry & 1 == 1 { (entry >> 1) ^ POLYNOMIAL } else { entry >> 1 };
            bit += 1;
        }
        table[n] = entry;
        n += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use miniz_oxide::inflate::decompress_to_vec;

    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_the_catalog_of_checksums() {
        assert_eq!(checksum(b"123456789"), 0xcbf4_3926);
        assert_eq!(checksum(b""), 0);
    }

    #[test]
    fn what_is_compressed_is_the_same_after_it_is_expanded() {
        for text in [String::new(), "{\"amount\":2599}".repeat(1_000)] {
            let file = compressed(text.as_bytes());
            let (head, rest) = file.split_at(HEAD.len());
            let (deflated, end) = rest.split_at(rest.len() - 8);
            assert_eq!(head, HEAD);
            assert_eq!(decompress_to_vec(deflated).unwrap(), text.as_bytes());
            assert_eq!(end[..4], checksum(text.as_bytes()).to_le_bytes());
            assert_eq!(end[4..], u32::try_from(text.len()).unwrap().to_le_bytes());
        }
    }
}
