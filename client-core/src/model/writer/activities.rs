//! What the commands of an activity put where.

use super::{Writer, Written, ms};
use crate::model::activity::{Command, Lease, NewActivity, State};

impl Writer<'_> {
    pub(super) fn activity(&mut self, command: &Command) -> Written {
        match command {
            Command::Create(new) => self.new_activity(new),
            Command::Describe { title, text, place } => {
                self.put_some("title", title.clone())?;
                self.put_some("text", text.clone())?;
                self.put_some("place", place.clone())
            }
            Command::Reschedule { starts_at, ends_at } => {
                self.put("starts_at", ms(*starts_at))?;
                self.put("ends_at", ms(*ends_at))
            }
            Command::SetCapacity(seats) => self.put("capacity", i64::from(*seats)),
            Command::SetState(state) => self.put("state", State::as_str(*state)),
            Command::SetQuizDraw(questions) => self.put("quiz_draw", i64::from(*questions)),
            Command::AddQuestion { .. } => self.question(command),
            Command::AskLease { .. } | Command::Grant(_) | Command::ReturnLease { .. } => {
                self.lease(command)
            }
        }
    }

    fn new_activity(&mut self, new: &NewActivity) -> Written {
        self.put("region", new.region.as_str())?;
        self.put("station", new.station.to_string())?;
        self.put("type", new.sort.as_str())?;
        self.put("title", new.title.as_str())?;
        self.put_some("text", new.text.clone())?;
        self.put("starts_at", ms(new.starts_at))?;
        self.put("ends_at", ms(new.ends_at))?;
        self.put_some("place", new.place.clone())?;
        self.put_some("capacity", new.capacity.map(i64::from))?;
        self.put("state", new.state.as_str())?;
        self.put_some("quiz_draw", new.quiz_draw.map(i64::from))?;
        self.put("by", new.by.to_string())
    }

    fn question(&mut self, command: &Command) -> Written {
        let Command::AddQuestion {
            entry,
            text,
            options,
            answer,
            by,
            at,
        } = command
        else {
            return Ok(());
        };
        let mut values = vec![
            ("text", text.as_str().into()),
            ("a", options.a.as_str().into()),
            ("b", options.b.as_str().into()),
        ];
        let more = [("c", &options.c), ("d", &options.d)];
        values.extend(
            more.into_iter()
                .filter_map(|(name, option)| Some((name, option.as_deref()?.into()))),
        );
        values.extend([
            ("answer", answer.as_str().into()),
            ("by", by.to_string().into()),
            ("at", ms(*at)),
        ]);
        self.entry("questions", *entry, values)
    }

    fn lease(&mut self, command: &Command) -> Written {
        match command {
            Command::AskLease {
                entry,
                seats,
                until,
                device,
                by,
                at,
            } => {
                let values = vec![
                    ("seats", i64::from(*seats).into()),
                    ("until", ms(*until)),
                    ("device", device.to_string().into()),
                    ("by", by.to_string().into()),
                    ("at", ms(*at)),
                ];
                self.entry("lease_asks", *entry, values)
            }
            Command::Grant(lease) => self.entry("leases", lease.entry, granted(lease)),
            Command::ReturnLease {
                entry,
                lease,
                used,
                lost,
                by,
                at,
            } => {
                let values = vec![
                    ("lease", lease.to_string().into()),
                    ("used", i64::from(*used).into()),
                    ("lost", (*lost).into()),
                    ("by", by.to_string().into()),
                    ("at", ms(*at)),
                ];
                self.entry("lease_returns", *entry, values)
            }
            Command::Create(_)
            | Command::Describe { .. }
            | Command::Reschedule { .. }
            | Command::SetCapacity(_)
            | Command::SetState(_)
            | Command::SetQuizDraw(_)
            | Command::AddQuestion { .. } => Ok(()),
        }
    }
}

fn granted(lease: &Lease) -> Vec<(&'static str, automerge::ScalarValue)> {
    vec![
        ("ask", lease.ask.to_string().into()),
        ("device", lease.device.to_string().into()),
        ("seats", i64::from(lease.seats).into()),
        ("until", ms(lease.until)),
        ("at", ms(lease.at)),
    ]
}
