//! What the commands of an enrolment put where.

use super::{Writer, Written, ms};
use crate::model::enrolment::{Command, First, NewEnrolment, NewRequest, NewScan};

impl Writer<'_> {
    pub(super) fn enrolment(&mut self, command: &Command) -> Written {
        match command {
            Command::Create(new) => self.new_enrolment(new),
            Command::Request(request) => self.seat_request(request),
            Command::Decide { .. } => self.seat_decision(command),
            Command::Scan(scan) => self.scan(scan),
            Command::Answer {
                entry,
                question,
                choice,
                at,
            } => {
                let values = vec![
                    ("question", question.to_string().into()),
                    ("choice", choice.as_str().into()),
                    ("at", ms(*at)),
                ];
                self.entry("answers", *entry, values)
            }
            Command::Grade { score, asked } => {
                self.put("quiz_score", i64::from(*score))?;
                self.put("quiz_asked", i64::from(*asked))
            }
            Command::Feedback { rating, text } => {
                self.put("feedback_rating", i64::from(*rating))?;
                self.put_some("feedback", text.clone())
            }
            Command::Certify(number) => self.put("certificate", number.as_str()),
        }
    }

    fn new_enrolment(&mut self, new: &NewEnrolment) -> Written {
        self.put("driver", new.driver.to_string())?;
        self.put("driver_name", new.driver_name.as_str())?;
        self.put("activity", new.activity.to_string())?;
        self.put("station", new.station.to_string())?;
        match &new.first {
            First::Request(request) => self.seat_request(request),
            First::Scan(scan) => self.scan(scan),
        }
    }

    fn seat_request(&mut self, request: &NewRequest) -> Written {
        let mut values = vec![("what", request.what.as_str().into())];
        values.extend(request.lease.map(|it| ("lease", it.to_string().into())));
        values.extend([
            ("by", request.by.to_string().into()),
            ("at", ms(request.at)),
        ]);
        self.entry("requests", request.entry, values)
    }

    fn seat_decision(&mut self, command: &Command) -> Written {
        let Command::Decide {
            entry,
            request,
            outcome,
            number,
            reason,
            at,
        } = command
        else {
            return Ok(());
        };
        let mut values = vec![
            ("request", request.to_string().into()),
            ("outcome", outcome.as_str().into()),
        ];
        values.extend(number.map(|number| ("number", i64::from(number).into())));
        values.extend(reason.map(|reason| ("reason", reason.as_str().into())));
        values.push(("at", ms(*at)));
        self.entry("decisions", *entry, values)
    }

    fn scan(&mut self, scan: &NewScan) -> Written {
        let mut values = vec![
            ("nonce", scan.nonce.to_string().into()),
            ("result", scan.result.as_str().into()),
        ];
        values.extend(scan.code.as_deref().map(|code| ("code", code.into())));
        values.extend([("by", scan.by.to_string().into()), ("at", ms(scan.at))]);
        self.entry("scans", scan.entry, values)
    }
}
