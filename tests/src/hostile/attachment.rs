//! Photos and papers: their bytes, and the headers that say which bytes. The first byte chooses.

use std::panic::{AssertUnwindSafe, catch_unwind};

use yizhan_client_core::client::small_picture;
use yizhan_proto::limits::THUMBNAIL_BYTES_MAX;
use yizhan_proto::{ContentHash, MediaType};
use yizhan_server::ranges::{Asked, read_asked, read_sent};

use super::bytes::Draw;

/// A photo has a small picture that is one, or none; a range lies within what there is.
///
/// # Panics
/// If not.
pub fn check(bytes: &[u8]) {
    let mut draw = Draw(bytes);
    match draw.byte() % 3 {
        0 => check_picture(draw.0),
        1 => {
            let said = String::from_utf8_lossy(draw.0);
            if let Some(sent) = read_sent(&said)
                && let Some((from, to)) = sent.range
            {
                assert!(from <= to && to < sent.whole, "{sent:?}");
            }
        }
        _ => {
            let bytes = draw.number().unsigned_abs();
            let said = String::from_utf8_lossy(draw.0);
            if let Asked::Range(from, to) = read_asked(&said, bytes) {
                assert!(
                    from <= to && to < bytes,
                    "{said}: {from} to {to} of {bytes}"
                );
            }
        }
    }
}

fn check_picture(bytes: &[u8]) {
    let media = MediaType::of_bytes(bytes);
    let again = ContentHash::of(bytes).to_string().parse();
    assert_eq!(again, Ok(ContentHash::of(bytes)));
    // Not even a decoder's panic comes out.
    let small = catch_unwind(AssertUnwindSafe(|| small_picture(bytes)));
    let Some(small) = small.expect("an answer") else {
        return;
    };
    assert!(media.is_some_and(|media| media != MediaType::Pdf));
    assert!(small.len() as u64 <= THUMBNAIL_BYTES_MAX);
    assert_eq!(MediaType::of_bytes(&small), Some(MediaType::Jpeg));
    let smaller = small_picture(&small).expect("a small picture is a picture");
    assert_eq!(MediaType::of_bytes(&smaller), Some(MediaType::Jpeg));
}

/// A small PNG, a JPEG made of it, and headers.
#[must_use]
pub fn seeds() -> Vec<(String, Vec<u8>)> {
    let png = one_pixel();
    let jpeg = small_picture(&png).unwrap_or_default();
    let seed =
        |name: &str, choice: u8, bytes: &[u8]| (name.to_owned(), [&[choice][..], bytes].concat());
    vec![
        seed("png", 0, &png),
        seed("jpeg", 0, &jpeg),
        seed("webp", 0, &WEBP),
        seed("pdf", 0, b"%PDF-1.7\n"),
        seed("sent", 1, b"bytes 0-262143/1000000"),
        seed("sent-nothing", 1, b"bytes */1000000"),
        seed("asked", 2, b"\x20bytes=0-5"),
        seed("asked-tail", 2, b"\x04bytes=-500"),
        seed("asked-of-nothing", 2, b"\x00bytes=0-"),
    ]
}

/// The smallest WebP without loss: one pixel.
const WEBP: [u8; 26] = [
    b'R', b'I', b'F', b'F', 18, 0, 0, 0, b'W', b'E', b'B', b'P', b'V', b'P', b'8', b'L', 5, 0, 0,
    0, 0x2f, 0, 0, 0, 0, 0,
];

/// A PNG of one grey pixel.
fn one_pixel() -> Vec<u8> {
    const PNG: [u8; 67] = [
        0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0,
        0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0, 0x3a, 0x7e, 0x9b, 0x55, 0, 0, 0, 10, b'I', b'D', b'A',
        b'T', 0x78, 0x9c, 0x63, 0x60, 0, 0, 0, 2, 0, 1, 0x48, 0xaf, 0xa4, 0x71, 0, 0, 0, 0, b'I',
        b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
    ];
    PNG.to_vec()
}
