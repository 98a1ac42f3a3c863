//! The quiz: which questions a driver is asked, and what the answers come to.
//!
//! Both follow from what is stored, so any holder of activity and enrolment finds the same.

use sha2::{Digest, Sha256};
use yizhan_proto::{DocumentId, EntryId};

use super::Answer;
use crate::model::activity::{Activity, Question};

/// What the answers come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Grade {
    /// Questions drawn for the driver.
    pub asked: u32,
    /// Those of them that were answered.
    pub answered: u32,
    /// Those of them whose first answer was right.
    pub score: u32,
}

/// The questions for one driver: as many as the activity says (never said: all of them) with the
/// smallest hashes of enrolment and question, in the order of the hashes.
#[must_use]
pub fn draw(enrolment: DocumentId, activity: &Activity) -> Vec<&Question> {
    let mut questions: Vec<_> = activity
        .questions
        .iter()
        .map(|question| (rank(enrolment, question.entry), question))
        .collect();
    questions.sort_by_key(|(rank, _)| *rank);
    // Two questions under one key could only come from a forged id: the first of them is asked.
    questions.dedup_by_key(|(rank, _)| *rank);
    let count = activity.quiz_draw.value.map_or(usize::MAX, |n| n as usize);
    let drawn = questions.into_iter().map(|(_, question)| question);
    drawn.take(count).collect()
}

fn rank(enrolment: DocumentId, question: EntryId) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(enrolment.as_bytes());
    hash.update(question.as_bytes());
    hash.finalize().into()
}

/// What the answers, in the order of the fold, come to: the first to each question counts.
#[must_use]
pub fn grade(drawn: &[&Question], answers: &[Answer]) -> Grade {
    let mut grade = Grade::default();
    for question in drawn {
        grade.asked += 1;
        let first = answers
            .iter()
            .find(|answer| answer.question == question.entry);
        if let Some(answer) = first {
            grade.answered += 1;
            grade.score += u32::from(answer.choice == question.answer);
        }
    }
    grade
}
