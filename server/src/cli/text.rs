//! Tables that line up with Chinese names in them, local times, and QR codes. Pure.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

/// Columns that a text takes in a terminal: wide characters take two, control characters none.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

fn char_width(c: char) -> usize {
    match u32::from(c) {
        0..=0x1f | 0x7f..=0x9f | 0x300..=0x36f | 0x200b..=0x200f | 0xfe00..=0xfe0f => 0,
        // Hangul, CJK and its punctuation, full-width forms, emoji, CJK extensions.
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f
        | 0x1f900..=0x1f9ff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// A table with a header, columns lined up, two spaces between them.
pub(super) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = header.iter().map(|name| width(name)).collect();
    for row in rows {
        for (most, cell) in widths.iter_mut().zip(row) {
            *most = (*most).max(width(cell));
        }
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut line = String::new();
        for (cell, most) in cells.zip(&widths) {
            // A name may hold what would move the cursor; it is shown without.
            line.extend(cell.chars().filter(|c| !c.is_control()));
            line.extend(std::iter::repeat_n(' ', most - width(cell) + 2));
        }
        line.trim_end().to_owned() + "\n"
    };
    let mut text = line(&mut header.iter().copied());
    for row in rows {
        text.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    text
}

/// A span of time, to two parts: `3 d 4 h`, `4 h 12 min`, `12 min`.
pub(super) fn span(ms: u64) -> String {
    let minutes = ms / 60_000;
    match (minutes / (24 * 60), minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// An RFC 3339 time as people here write it, to the minute; as it is if it is none.
pub(super) fn local(time: &str) -> String {
    local_in(time, TimeZone::system())
}

fn local_in(time: &str, zone: TimeZone) -> String {
    time.parse::<Timestamp>().map_or_else(
        |_| time.to_owned(),
        |time| time.to_zoned(zone).strftime("%Y-%m-%d %H:%M").to_string(),
    )
}

/// A QR code in half blocks; empty for a text that no QR code holds. With `colours`, black on
/// white whatever the terminal's own; without, as a dark terminal shows it.
pub(super) fn qr(text: &str, colours: bool) -> String {
    let Ok(code) = QrCode::new(text) else {
        return String::new();
    };
    let code = code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .build();
    if !colours {
        return code;
    }
    let lines: Vec<String> = code
        .lines()
        .map(|line| format!("\u{1b}[97;40m{line}\u{1b}[0m"))
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_with_chinese_names() {
        let rows = [
            vec!["a".to_owned(), "李师傅".to_owned(), "driver".to_owned()],
            vec![
                "bb".to_owned(),
                "Li\u{1b}[2J".to_owned(),
                "keeper".to_owned(),
            ],
        ];
        assert_eq!(
            table(&["id", "name", "roles"], &rows),
            "id  name    roles\na   李师傅  driver\nbb  Li[2J   keeper\n"
        );
    }

    #[test]
    fn a_time_is_shown_where_people_are() {
        let zone = TimeZone::fixed(jiff::tz::offset(8));
        assert_eq!(
            local_in("2026-11-21T16:30:00Z", zone.clone()),
            "2026-11-22 00:30"
        );
        assert_eq!(local_in("nonsense", zone), "nonsense");
    }

    #[test]
    fn a_code_has_a_quiet_border_and_even_lines() {
        let code = qr("http://127.0.0.1:8787", false);
        let widths: Vec<usize> = code.lines().map(|line| line.chars().count()).collect();
        assert!(
            widths.len() > 10 && widths.iter().all(|w| *w == widths[0]),
            "{code}"
        );
        assert_eq!(qr(&"x".repeat(10_000), true), "");
    }
}
