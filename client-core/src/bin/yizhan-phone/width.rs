//! How many columns a text takes in a terminal, so that tables with Chinese names line up.

/// Ranges whose characters take two columns: the wide and full-width ones of the Unicode East Asian
/// Width table that names, notes and plates are made of, and emoji.
const WIDE: &[(char, char)] = &[
    ('\u{1100}', '\u{115f}'),   // Hangul initials
    ('\u{2e80}', '\u{303e}'),   // CJK radicals and punctuation
    ('\u{3041}', '\u{33ff}'),   // kana, bopomofo, squared
    ('\u{3400}', '\u{4dbf}'),   // CJK extension A
    ('\u{4e00}', '\u{9fff}'),   // CJK
    ('\u{a000}', '\u{a4cf}'),   // Yi
    ('\u{ac00}', '\u{d7a3}'),   // Hangul
    ('\u{f900}', '\u{faff}'),   // CJK compatibility
    ('\u{fe30}', '\u{fe4f}'),   // CJK compatibility forms
    ('\u{ff00}', '\u{ff60}'),   // full-width forms
    ('\u{ffe0}', '\u{ffe6}'),   // full-width signs
    ('\u{1f300}', '\u{1faff}'), // pictographs
    ('\u{20000}', '\u{3fffd}'), // CJK extensions B and on
];

/// Characters that take no column: combining marks, joiners, variation selectors.
const ZERO: &[(char, char)] = &[
    ('\u{0300}', '\u{036f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{20d0}', '\u{20ff}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
];

fn within(c: char, ranges: &[(char, char)]) -> bool {
    ranges
        .iter()
        .any(|(first, last)| (*first..=*last).contains(&c))
}

/// Columns of a text.
pub(crate) fn columns(text: &str) -> usize {
    text.chars()
        .map(|c| match c {
            _ if within(c, ZERO) => 0,
            _ if within(c, WIDE) => 2,
            _ => 1,
        })
        .sum()
}

/// The text on one line without control characters (which could move the cursor), cut to so many
/// columns with `…`.
pub(crate) fn one_line(text: &str, columns_max: usize) -> String {
    let clean: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if columns(&clean) <= columns_max {
        return clean;
    }
    let mut cut = String::new();
    let mut used = 1;
    for c in clean.chars() {
        used += columns(c.encode_utf8(&mut [0; 4]));
        if used > columns_max {
            break;
        }
        cut.push(c);
    }
    cut.push('…');
    cut
}

/// The text filled up with spaces to so many columns.
pub(crate) fn padded(text: &str, to: usize) -> String {
    let spaces = to.saturating_sub(columns(text));
    format!("{text}{}", " ".repeat(spaces))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_as_a_terminal_does() {
        for (text, expected) in [
            ("", 0),
            ("abc", 3),
            ("李师傅", 6),
            ("苏D12345", 8),
            ("（热）", 6),
            ("é", 1),
            ("e\u{301}", 1),
            ("가", 2),
        ] {
            assert_eq!(columns(text), expected, "{text}");
        }
    }

    #[test]
    fn long_and_strange_texts_are_made_to_fit() {
        assert_eq!(one_line("夜里到站,有热饭", 8), "夜里到…");
        assert_eq!(one_line("a\nb\x1b[31m", 20), "a b [31m");
        assert_eq!(one_line("abc", 3), "abc");
        assert_eq!(padded("站", 4), "站  ");
    }
}
