//! Small pictures of photos, made on the phone that attaches them.
//!
//! Pictures are decoded within bounds: what claims to be larger than any camera's is not decoded at
//! all, and a photo without a small picture is still a photo.

/// A small picture (JPEG) of a photo, within the limit of the wire; `None` for a paper, and for
/// what cannot be decoded within bounds.
#[cfg(not(feature = "pictures"))]
#[must_use]
pub fn of(_: &[u8]) -> Option<Vec<u8>> {
    None
}

#[cfg(feature = "pictures")]
pub use pictures::of;

#[cfg(feature = "pictures")]
mod pictures {
    use std::io::Cursor;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use image::codecs::jpeg::JpegEncoder;
    use image::metadata::Orientation;
    use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
    use yizhan_proto::MediaType;
    use yizhan_proto::limits::THUMBNAIL_BYTES_MAX;

    /// Pixels of the longer side of a small picture.
    const SIDE_PX: u32 = 320;
    /// Pixels of the longer side of a photo that is decoded.
    const SIDE_MAX_PX: u32 = 16_384;
    /// Bytes that decoding may take.
    const ALLOC_BYTES_MAX: u64 = 256 * 1024 * 1024;
    /// JPEG qualities, tried until the picture is small enough.
    const QUALITIES: [u8; 3] = [75, 50, 25];

    /// A small picture (JPEG) of a photo, within the limit of the wire; `None` for a paper, and for
    /// what cannot be decoded within bounds.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Vec<u8>> {
        let format = match MediaType::of_bytes(bytes)? {
            MediaType::Jpeg => ImageFormat::Jpeg,
            MediaType::Png => ImageFormat::Png,
            MediaType::Webp => ImageFormat::WebP,
            MediaType::Pdf => return None,
        };
        // A decoder that gives up on a strange file must not take the program with it.
        let picture = catch_unwind(AssertUnwindSafe(|| decoded(bytes, format)));
        let small = picture
            .ok()
            .flatten()?
            .thumbnail(SIDE_PX, SIDE_PX)
            .to_rgb8();
        QUALITIES.iter().find_map(|quality| {
            let mut out = Vec::new();
            JpegEncoder::new_with_quality(&mut out, *quality)
                .encode_image(&small)
                .ok()?;
            let bytes = u64::try_from(out.len()).unwrap_or(u64::MAX);
            (bytes <= THUMBNAIL_BYTES_MAX).then_some(out)
        })
    }

    fn decoded(bytes: &[u8], format: ImageFormat) -> Option<DynamicImage> {
        let mut limits = Limits::default();
        limits.max_image_width = Some(SIDE_MAX_PX);
        limits.max_image_height = Some(SIDE_MAX_PX);
        limits.max_alloc = Some(ALLOC_BYTES_MAX);
        let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
        reader.limits(limits.clone());
        let mut decoder = reader.into_decoder().ok()?;
        if decoder.total_bytes() > ALLOC_BYTES_MAX {
            return None;
        }
        decoder.set_limits(limits).ok()?;
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let mut picture = DynamicImage::from_decoder(decoder).ok()?;
        picture.apply_orientation(orientation);
        Some(picture)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn png(width: u32, height: u32) -> Vec<u8> {
            let mut out = Cursor::new(Vec::new());
            DynamicImage::new_rgb8(width, height)
                .write_to(&mut out, ImageFormat::Png)
                .unwrap();
            out.into_inner()
        }

        #[test]
        fn a_photo_has_a_small_picture_of_its_shape() {
            let small = of(&png(1_600, 800)).unwrap();
            assert!(small.len() as u64 <= THUMBNAIL_BYTES_MAX);
            assert_eq!(MediaType::of_bytes(&small), Some(MediaType::Jpeg));
            let small = image::load_from_memory(&small).unwrap();
            assert_eq!((small.width(), small.height()), (320, 160));
        }

        #[test]
        fn papers_and_what_is_no_picture_have_none() {
            assert_eq!(of(b"%PDF-1.7 and so on"), None);
            assert_eq!(of(b""), None);
            assert_eq!(of(&[0xff, 0xd8, 0xff, 0xe0, 0, 0, 0]), None);
            let whole = png(100, 100);
            for cut in [9, 20, 40, whole.len() / 2] {
                assert_eq!(of(&whole[..cut]), None);
            }
        }

        #[test]
        fn a_picture_that_claims_to_be_huge_is_not_decoded() {
            // The size in the header of a PNG of a few hundred bytes, with its checksum.
            let mut bomb = png(8, 8);
            bomb[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
            let mut crc = u32::MAX;
            for byte in &bomb[12..29] {
                crc ^= u32::from(*byte);
                for _ in 0..8 {
                    crc = if crc & 1 == 1 {
                        (crc >> 1) ^ 0xedb8_8320
                    } else {
                        crc >> 1
                    };
                }
            }
            bomb[29..33].copy_from_slice(&(!crc).to_be_bytes());
            assert_eq!(of(&bomb), None);
            assert_eq!(of(&png(20_000, 1)), None, "wider than any camera's");
        }
    }
}
