//! The numbers at the end.

use serde_json::{Value, json};

use crate::Args;

/// What happened.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub(crate) stations: u64,
    pub(crate) drivers: u64,
    pub(crate) staff: u64,
    pub(crate) phones: u64,
    pub(crate) visits: u64,
    pub(crate) checks: u64,
    pub(crate) crises: u64,
    pub(crate) consents: u64,
    pub(crate) activities: u64,
    pub(crate) enrolments: u64,
    pub(crate) seats: u64,
    pub(crate) waiting: u64,
    pub(crate) attended: u64,
    pub(crate) quizzes: u64,
    pub(crate) quiz_mean_percent: u64,
    pub(crate) notices: u64,
    pub(crate) tickets: u64,
    pub(crate) tickets_open: u64,
    pub(crate) tickets_resolved: u64,
    pub(crate) tickets_closed: u64,
    pub(crate) recovered_yuan: u64,
    pub(crate) case_notes: u64,
    pub(crate) attachments: u64,
    pub(crate) changes: u64,
    pub(crate) bytes_up: u64,
    pub(crate) bytes_down: u64,
    pub(crate) syncs: u64,
    pub(crate) syncs_cut: u64,
    pub(crate) deaths: u64,
    pub(crate) wrong_clocks: u64,
    pub(crate) conflicts_shown: u64,
    pub(crate) refused_at_tap: u64,
    pub(crate) refused: u64,
    pub(crate) quarantined: u64,
    pub(crate) took_ms: u64,
}

impl Tally {
    fn rows(&self) -> Vec<(&'static str, &'static str, u64)> {
        vec![
            ("stations", "stations", self.stations),
            ("drivers", "drivers", self.drivers),
            ("staff", "keepers and medics", self.staff),
            ("phones", "phones", self.phones),
            ("visits", "visits", self.visits),
            ("checks", "health checks", self.checks),
            ("crises", "  of these crises", self.crises),
            ("consents", "consents", self.consents),
            ("activities", "activities", self.activities),
            ("enrolments", "enrolments", self.enrolments),
            ("seats_accepted", "  seats given", self.seats),
            ("seats_waiting", "  waiting", self.waiting),
            ("attended", "  were there", self.attended),
            ("quizzes", "quizzes answered", self.quizzes),
            (
                "quiz_mean_percent",
                "  right, in the mean (%)",
                self.quiz_mean_percent,
            ),
            ("notices", "notices", self.notices),
            ("tickets", "requests", self.tickets),
            ("tickets_open", "  open", self.tickets_open),
            ("tickets_resolved", "  resolved", self.tickets_resolved),
            ("tickets_closed", "  rated and closed", self.tickets_closed),
            ("recovered_yuan", "  yuan recovered", self.recovered_yuan),
            ("case_notes", "desks' notes", self.case_notes),
            ("attachments", "papers attached", self.attachments),
            ("changes", "changes at the relay", self.changes),
            ("bytes_up", "bytes up", self.bytes_up),
            ("bytes_down", "bytes down", self.bytes_down),
            ("syncs", "syncs", self.syncs),
            ("syncs_cut", "  exchanges cut", self.syncs_cut),
            ("phone_deaths", "phones that died mid-sync", self.deaths),
            ("wrong_clocks", "clocks set wrong", self.wrong_clocks),
            ("conflicts_shown", "conflicts shown", self.conflicts_shown),
            ("refused_at_tap", "refused at the tap", self.refused_at_tap),
            ("refused", "refused by the relay", self.refused),
            ("quarantined", "waiting for a person", self.quarantined),
            (
                "held",
                "work held on phones",
                self.refused + self.quarantined,
            ),
        ]
    }

    /// As an aligned table.
    pub(crate) fn table(&self, args: &Args) -> String {
        let rows = self.rows();
        let width = rows
            .iter()
            .map(|(_, words, _)| words.len())
            .max()
            .unwrap_or(0);
        let mut lines = vec![format!(
            "yizhan-demo: seed {}, {} phones, {} days",
            args.seed, args.phones, args.days
        )];
        for (_, words, number) in rows {
            lines.push(format!("  {words:<width$}  {:>12}", grouped(number)));
        }
        let seconds = format!("{}.{} s", self.took_ms / 1_000, self.took_ms % 1_000 / 100);
        lines.push(format!("  {:<width$}  {seconds:>12}", "time"));
        lines.join("\n")
    }

    /// As one JSON object.
    pub(crate) fn json(&self, args: &Args, wrong: &[String]) -> Value {
        let mut object = json!({
            "seed": args.seed,
            "days": args.days,
            "took_ms": self.took_ms,
            "proven": wrong.is_empty(),
            "wrong": wrong,
        });
        for (key, _, number) in self.rows() {
            object[key] = json!(number);
        }
        object
    }
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn digits_stand_in_threes() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }
}
