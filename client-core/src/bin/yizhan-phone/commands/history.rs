//! `history`: a driver's visits, checks, and where their readings are going.

use serde_json::{Value, json};
use yizhan_client_core::Client;
use yizhan_client_core::model::trend::Direction;
use yizhan_client_core::model::vitals::{Item, Level};
use yizhan_client_core::store::{DriverCard, History, ItemTrend, ReadingRow};
use yizhan_proto::{PersonId, Role, Timestamp};

use super::{check, consent, facts, visit};
use crate::args::HistoryArgs;
use crate::failure::Failure;
use crate::names::{self, short};
use crate::output::{Output, labelled, table};
use crate::when;

/// Heights of a small line of bars.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Columns of the longest bar of one reading.
const BAR_COLUMNS: u8 = 24;

pub(crate) fn run(client: &Client, args: &HistoryArgs, output: Output) -> Result<(), Failure> {
    let driver = match &args.driver {
        Some(text) => names::person(client, text)?.0,
        None => client.author()?.person,
    };
    if let Some(item) = args.item.as_deref().and_then(Item::from_text) {
        return one_item(client, driver, item, args.last, output);
    }
    let now = client.clock().now();
    let history = client.history(driver, args.last)?;
    let cards = cards(client, driver)?;
    let mut value = to_json(&history, now);
    value["cards"] = cards.iter().map(|card| card_json(card, now)).collect();
    output.result(&value, || {
        let mut text: String = cards.iter().map(card_form).collect();
        text.push_str(&form(&history, now));
        text
    })
}

/// The driver as seen at each station that this phone's person keeps; of oneself there is none.
fn cards(client: &Client, driver: PersonId) -> Result<Vec<DriverCard>, Failure> {
    let me = client.author()?;
    if me.is(driver) {
        return Ok(Vec::new());
    }
    let mut cards = Vec::new();
    for role in &me.roles {
        if let Role::Keeper(station) = role {
            cards.push(client.driver_card(driver, *station)?);
        }
    }
    Ok(cards)
}

fn one_item(
    client: &Client,
    driver: PersonId,
    item: Item,
    last: u32,
    output: Output,
) -> Result<(), Failure> {
    let Some(trend) = client.trend(driver, item, last)? else {
        return Err(Failure::NotFound(format!(
            "there is no reading of {item} on this phone yet; take one, or sync first"
        )));
    };
    let mut value = trend_json(&trend);
    value["id"] = json!(driver.to_string());
    output.result(&value, || {
        let rows: Vec<Vec<String>> = trend
            .readings
            .iter()
            .map(|reading| {
                vec![
                    when::local(reading.taken_at),
                    reading_text(reading),
                    level_text(reading.level),
                    short(&reading.check),
                    bar(reading.value, &trend),
                ]
            })
            .collect();
        let head = ["taken", item.as_str(), "level", "check", ""];
        let said = trend.trend;
        let direction = said.direction.map_or("too few to say", Direction::as_str);
        table(&head, &rows, "")
            + &format!(
                "\nleast {}, median {}, most {} {}; {direction} (screening, not a diagnosis)\n",
                said.least,
                said.median,
                said.most,
                item.unit()
            )
    })
}

fn reading_text(reading: &ReadingRow) -> String {
    let comparator = reading.comparator.map_or("", |sign| sign.as_str());
    format!("{comparator}{}", reading.value)
}

fn level_text(level: Option<Level>) -> String {
    level.map_or_else(String::new, |level| level.to_string())
}

/// Where a value lies between the least and the most, from 0 to `steps`.
fn height(value: f64, trend: &ItemTrend, steps: u8) -> u8 {
    let (least, most) = (trend.trend.least, trend.trend.most);
    // All the same: in the middle.
    if most <= least {
        return steps / 2;
    }
    let share = (value - least) / (most - least) * f64::from(steps);
    (0..=steps)
        .rev()
        .find(|step| f64::from(*step) <= share + 0.5)
        .unwrap_or(0)
}

fn bar(value: f64, trend: &ItemTrend) -> String {
    let columns = 1 + height(value, trend, BAR_COLUMNS - 1);
    "█".repeat(usize::from(columns))
}

/// One character a reading, the oldest first: `▁▂▅▇`.
fn spark(trend: &ItemTrend) -> String {
    trend
        .readings
        .iter()
        .filter_map(|reading| BARS.get(usize::from(height(reading.value, trend, 7))))
        .collect()
}

fn form(history: &History, now: Timestamp) -> String {
    let visits: Vec<Vec<String>> = history.visits.iter().map(visit::row_cells).collect();
    let checks: Vec<Vec<String>> = history
        .checks
        .iter()
        .map(|row| check::row_cells(row, now))
        .collect();
    let trends: Vec<Vec<String>> = history
        .trends
        .iter()
        .map(|trend| {
            let last = trend.readings.last();
            vec![
                trend.item.to_string(),
                last.map_or_else(String::new, reading_text),
                trend.item.unit().to_owned(),
                level_text(last.and_then(|reading| reading.level)),
                trend.trend.least.to_string(),
                trend.trend.median.to_string(),
                trend.trend.most.to_string(),
                trend
                    .trend
                    .direction
                    .map_or_else(String::new, |direction| direction.as_str().to_owned()),
                spark(trend),
            ]
        })
        .collect();
    let head = [
        "item", "last", "unit", "level", "least", "median", "most", "", "",
    ];
    [
        table(visit::HEAD, &visits, "no visits here yet"),
        table(check::HEAD, &checks, "no checks here yet"),
        table(&head, &trends, "no readings here yet"),
    ]
    .join("\n")
}

fn card_form(card: &DriverCard) -> String {
    let mut text = labelled("driver", &card.driver.to_string());
    if let Some(name) = &card.name {
        text.push_str(&labelled("name", name));
    }
    text.push_str(&labelled("visits here", &card.visits_here.to_string()));
    for open in &card.open {
        let at = open
            .station_name
            .clone()
            .unwrap_or_else(|| short(&open.station));
        let since = when::local(open.arrived_at);
        text.push_str(&labelled(
            "open",
            &format!("{} at {at} since {since}", short(&open.id)),
        ));
    }
    let consents: Vec<String> = card
        .consents
        .iter()
        .map(|consent| {
            consent
                .purpose
                .map_or_else(|| "?".to_owned(), |purpose| purpose.to_string())
        })
        .collect();
    let consents = if consents.is_empty() {
        "none in force".to_owned()
    } else {
        consents.join(", ")
    };
    text.push_str(&labelled("consents", &consents));
    if let Some(last) = &card.last_check {
        let levels: Vec<String> = [last.pressure_level, last.glucose_level]
            .into_iter()
            .flatten()
            .map(|level| level.to_string())
            .collect();
        let crisis = if last.crisis { " CRISIS" } else { "" };
        let said = format!(
            "{}: {}{crisis}",
            when::local(last.taken_at),
            levels.join(", ")
        );
        text.push_str(&labelled("last check", &said));
    }
    text.push('\n');
    text
}

fn to_json(history: &History, now: Timestamp) -> Value {
    let visits: Value = history.visits.iter().map(visit::row_json).collect();
    let checks: Value = history
        .checks
        .iter()
        .map(|row| check::row_json(row, now))
        .collect();
    let trends: Value = history.trends.iter().map(trend_json).collect();
    json!({
        "id": history.driver.to_string(),
        "visits": visits,
        "checks": checks,
        "trends": trends,
    })
}

fn trend_json(trend: &ItemTrend) -> Value {
    let readings: Value = trend
        .readings
        .iter()
        .map(|reading| {
            json!({
                "check": reading.check.to_string(),
                "taken_at": when::rfc3339(reading.taken_at),
                "value": reading.value,
                "comparator": facts::text(reading.comparator),
                "level": facts::text(reading.level),
            })
        })
        .collect();
    json!({
        "item": trend.item.as_str(),
        "unit": trend.item.unit(),
        "readings": readings,
        "least": trend.trend.least,
        "median": trend.trend.median,
        "most": trend.trend.most,
        "direction": trend.trend.direction.map(Direction::as_str),
    })
}

fn card_json(card: &DriverCard, now: Timestamp) -> Value {
    let consents: Value = card.consents.iter().map(consent::row_json).collect();
    let open: Value = card.open.iter().map(visit::row_json).collect();
    json!({
        "driver": card.driver.to_string(),
        "name": card.name,
        "visits_here": card.visits_here,
        "last_visit": card.last_visit.as_ref().map(visit::row_json),
        "open": open,
        "consents": consents,
        "last_check": card.last_check.as_ref().map(|row| check::row_json(row, now)),
    })
}

#[cfg(test)]
mod tests {
    use yizhan_client_core::model::trend::Trend;
    use yizhan_proto::DocumentId;

    use super::*;

    fn of(values: &[f64]) -> ItemTrend {
        let reading = |value: &f64| ReadingRow {
            check: DocumentId::from_bytes([1; 16]),
            taken_at: Timestamp::from_ms(0),
            value: *value,
            comparator: None,
            level: None,
        };
        ItemTrend {
            item: Item::Systolic,
            readings: values.iter().map(reading).collect(),
            trend: Trend::of(Item::Systolic, values).unwrap(),
        }
    }

    #[test]
    fn the_least_is_low_and_the_most_is_high() {
        assert_eq!(spark(&of(&[120.0, 155.0, 190.0])), "▁▅█");
        assert_eq!(spark(&of(&[120.0])), "▄");
        assert_eq!(spark(&of(&[120.0, 120.0])), "▄▄");
        let trend = of(&[120.0, 190.0]);
        assert_eq!(bar(120.0, &trend).chars().count(), 1);
        assert_eq!(bar(190.0, &trend).chars().count(), usize::from(BAR_COLUMNS));
    }
}
