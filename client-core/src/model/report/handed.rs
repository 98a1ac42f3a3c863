//! A report that the relay made and a coordinator's phone shows: into its message, and back. What
//! comes back is checked: each row has a cell a column, and begins with its month and place.

use std::str::FromStr as _;

use yizhan_proto::RegionKey;
use yizhan_proto::codec::{self, DecodeError};
use yizhan_proto::limits::SHEET_BYTES_MAX;
use yizhan_proto::report::{Cell, SheetBody};

use super::{Field, Month, MonthError, Row, Sheet, What};

/// The reports that are handed out: a coordinator's phone holds no visits, checks and enrolments.
/// Tickets it holds.
pub const HANDED_OUT: [What; 3] = [What::Services, What::Checks, What::Activities];
/// The columns with which each row begins: month, place, item.
const HEAD_COLUMNS: usize = 3;

/// A report as it was handed out: months by themselves, small numbers withheld.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handed {
    /// The region it is about.
    pub region: RegionKey,
    /// The first month.
    pub from: Month,
    /// The last month.
    pub to: Month,
    /// The time zone in which its months begin.
    pub zone: String,
    /// The numbers.
    pub sheet: Sheet,
}

/// A message that is no report.
#[derive(Debug, thiserror::Error)]
pub enum HandedError {
    /// Its bytes cannot be read.
    #[error("the report cannot be read: {0}")]
    Bytes(#[from] DecodeError),
    /// It names a month that is none.
    #[error("the report cannot be read: {0}")]
    Month(#[from] MonthError),
    /// It is of a sort that this version does not know.
    #[error("a report of an unknown sort")]
    What,
    /// A row does not fit the columns.
    #[error("row {0} of the report does not fit its columns")]
    Row(usize),
}

impl Handed {
    /// The message, at most [`SHEET_BYTES_MAX`] bytes if it is to be read again.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let cell = |field: &Field| match field {
            Field::Text(text) => Cell::Text(text.clone()),
            Field::Whole(number) => Cell::Whole(*number),
            Field::Hundredths(number) => Cell::Hundredths(*number),
            Field::Nothing => Cell::Nothing,
            Field::Withheld => Cell::Withheld,
        };
        let rows = self.sheet.rows.iter();
        codec::encode(&SheetBody {
            what: self.sheet.what.as_str().to_owned(),
            region: self.region.clone(),
            from: self.from.to_string(),
            to: self.to.to_string(),
            zone: self.zone.clone(),
            columns: self.sheet.columns.clone(),
            rows: rows.map(|row| row.iter().map(cell).collect()).collect(),
            unreadable: self.sheet.unreadable,
        })
    }

    /// Reads the message.
    ///
    /// # Errors
    /// [`HandedError`] says what is wrong with it.
    pub fn read(bytes: &[u8]) -> Result<Self, HandedError> {
        let body: SheetBody = codec::decode(bytes, SHEET_BYTES_MAX)?;
        let columns = body.columns.len();
        let rows = body.rows.into_iter().zip(1..);
        let rows = rows.map(|(cells, number)| row(cells, columns).ok_or(HandedError::Row(number)));
        Ok(Self {
            region: body.region,
            from: body.from.parse()?,
            to: body.to.parse()?,
            zone: body.zone,
            sheet: Sheet {
                what: What::from_text(&body.what).ok_or(HandedError::What)?,
                columns: body.columns,
                rows: rows.collect::<Result<_, _>>()?,
                unreadable: body.unreadable,
            },
        })
    }

    /// The rows of some months, and of one place if it is named. A part of what was handed out says
    /// nothing that the whole does not.
    #[must_use]
    pub fn part(&self, from: Month, to: Month, place: Option<&str>) -> Sheet {
        let asked = |row: &&Row| match row.as_slice() {
            [Field::Text(month), Field::Text(found), ..] => {
                let month = Month::from_str(month);
                month.is_ok_and(|month| (from..=to).contains(&month))
                    && place.is_none_or(|place| place == found)
            }
            _ => false,
        };
        Sheet {
            rows: self.sheet.rows.iter().filter(asked).cloned().collect(),
            columns: self.sheet.columns.clone(),
            ..self.sheet
        }
    }
}

fn row(cells: Vec<Cell>, columns: usize) -> Option<Row> {
    let row: Row = cells
        .into_iter()
        .map(|cell| match cell {
            Cell::Text(text) => Field::Text(text),
            Cell::Whole(number) => Field::Whole(number),
            Cell::Hundredths(number) => Field::Hundredths(number),
            Cell::Nothing => Field::Nothing,
            Cell::Withheld => Field::Withheld,
        })
        .collect();
    let head = row.get(..HEAD_COLUMNS)?;
    let named = head.iter().all(|field| matches!(field, Field::Text(_)));
    (row.len() == columns && named).then_some(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Field {
        Field::Text(text.to_owned())
    }

    fn handed() -> Handed {
        let columns = ["month", "station", "service", "person_times", "stay"];
        let row = |month, station, numbers: [Field; 2]| {
            let head = [text(month), text(station), text("shower")];
            head.into_iter().chain(numbers).collect()
        };
        Handed {
            region: "zhaoyuan".parse().unwrap(),
            from: "2026-10".parse().unwrap(),
            to: "2026-11".parse().unwrap(),
            zone: "+08".to_owned(),
            sheet: Sheet {
                what: What::Services,
                columns: columns.map(str::to_owned).to_vec(),
                rows: vec![
                    row("2026-10", "a", [Field::Whole(12), Field::Hundredths(-5)]),
                    row("2026-11", "a", [Field::Withheld, Field::Nothing]),
                    row("2026-11", "all", [Field::Whole(40), Field::Nothing]),
                ],
                unreadable: 1,
            },
        }
    }

    #[test]
    fn what_was_handed_out_is_read_as_it_was() {
        let handed = handed();
        assert_eq!(Handed::read(&handed.bytes()).unwrap(), handed);
    }

    #[test]
    fn a_row_that_does_not_fit_its_columns_is_named() {
        let mut short = handed();
        short.sheet.rows[1].pop();
        let mut nameless = handed();
        nameless.sheet.rows[1][0] = Field::Whole(2026);
        for wrong in [short, nameless] {
            let read = Handed::read(&wrong.bytes());
            assert!(matches!(read, Err(HandedError::Row(2))), "{read:?}");
        }
        let mut narrow = handed();
        narrow.sheet.columns.truncate(2);
        for row in &mut narrow.sheet.rows {
            row.truncate(2);
        }
        assert!(Handed::read(&narrow.bytes()).is_err());
        let too_large = vec![0; SHEET_BYTES_MAX + 1];
        assert!(matches!(
            Handed::read(&too_large),
            Err(HandedError::Bytes(DecodeError::TooLarge { .. }))
        ));
    }

    #[test]
    fn a_part_is_of_its_months_and_its_place() {
        let handed = handed();
        let month = |text: &str| text.parse().unwrap();
        let november = handed.part(month("2026-11"), month("2026-11"), None);
        assert_eq!(november.rows, handed.sheet.rows[1..]);
        let station = handed.part(month("2026-01"), month("2026-12"), Some("a"));
        assert_eq!(station.rows, handed.sheet.rows[..2]);
        assert_eq!(station.unreadable, 1);
    }
}
