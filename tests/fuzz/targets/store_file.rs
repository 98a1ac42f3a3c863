//! See `yizhan_tests::hostile::store_file`.
#![no_main]

libfuzzer_sys::fuzz_target!(
    init: yizhan_tests::hostile::quiet(),
    |bytes: &[u8]| yizhan_tests::hostile::store_file::check(bytes)
);
