//! See `yizhan_tests::hostile::pairing`.
#![no_main]

libfuzzer_sys::fuzz_target!(
    init: yizhan_tests::hostile::quiet(),
    |bytes: &[u8]| yizhan_tests::hostile::pairing::check(bytes)
);
