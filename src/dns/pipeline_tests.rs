use hickory_proto::op::{Message, MessageType};

use super::*;
use crate::dns::RecordKind;

fn questions(count: usize) -> Vec<Question> {
    (0..count).map(|at| Question::new(format!("web-{at}.web.shop.svc.cluster.local"), RecordKind::A)).collect()
}

/// All that may be sent now.
fn send(pipeline: &mut Pipeline, now: Instant) -> Vec<Vec<u8>> {
    std::iter::from_fn(|| pipeline.next_message(now)).collect()
}

/// The server's answer to a message.
fn answer(message: &[u8]) -> Vec<u8> {
    let mut answer = Message::from_vec(&message[2..]).unwrap();
    answer.metadata.message_type = MessageType::Response;
    answer.to_vec().unwrap()
}

fn answered(outcomes: &[Outcome]) -> usize {
    outcomes.iter().filter(|outcome| outcome.reply().is_some()).count()
}

#[test]
fn never_more_than_the_window_is_under_way_and_nothing_is_lost() {
    let now = Instant::now();
    let mut pipeline = Pipeline::new(questions(1000));
    let mut waiting = send(&mut pipeline, now);
    assert_eq!(waiting.len(), WINDOW);
    while let Some(message) = waiting.pop() {
        pipeline.received(&answer(&message), now + Duration::from_millis(5));
        let more = send(&mut pipeline, now);
        assert!(more.len() <= 1);
        waiting.extend(more);
    }
    assert!(pipeline.done());
    let outcomes = pipeline.finish(&Outcome::Lost);
    assert_eq!(answered(&outcomes), 1000);
    assert!(matches!(outcomes[0], Outcome::Answered(_, 5000)));
}

#[test]
fn an_answer_to_another_question_or_with_another_id_is_no_answer() {
    let now = Instant::now();
    let mut pipeline = Pipeline::new(questions(2));
    let sent = send(&mut pipeline, now);
    let mut crossed = answer(&sent[0]);
    crossed[..2].copy_from_slice(&sent[1][2..4]);
    pipeline.received(&crossed, now);
    let mut stranger = answer(&sent[0]);
    stranger[..2].copy_from_slice(&[0x77, 0x77]);
    pipeline.received(&stranger, now);
    pipeline.received(&answer(&sent[0]), now);
    // A second answer to the same question changes nothing.
    pipeline.received(&answer(&sent[0]), now);
    assert!(!pipeline.done());
    assert_eq!(answered(&pipeline.finish(&Outcome::Lost)), 1);
}

#[test]
fn one_question_that_is_never_answered_costs_only_itself() {
    let start = Instant::now();
    let mut pipeline = Pipeline::new(questions(2));
    let sent = send(&mut pipeline, start);
    pipeline.received(&answer(&sent[1]), start + Duration::from_millis(1));
    assert_eq!(pipeline.next_deadline(), Some(start + DEADLINE));
    assert_eq!(pipeline.expire(start + DEADLINE), Expired::Some);
    let again = send(&mut pipeline, start + DEADLINE);
    assert_eq!(again.len(), 1);
    // Nothing else is under way now: that it is silent again says no more than before.
    pipeline.expire(start + DEADLINE * 2);
    assert!(pipeline.done());
    let outcomes = pipeline.finish(&Outcome::Lost);
    assert_eq!(outcomes[0], Outcome::TimedOut);
    assert_eq!(answered(&outcomes), 1);
}

#[test]
fn a_server_that_says_nothing_is_given_up_after_two_deadlines_however_many_questions_wait() {
    let start = Instant::now();
    let mut pipeline = Pipeline::new(questions(1000));
    assert_eq!(send(&mut pipeline, start).len(), WINDOW);
    assert_eq!(pipeline.expire(start + DEADLINE), Expired::Silent);
    pipeline.stream_ended();
    assert_eq!(send(&mut pipeline, start + DEADLINE).len(), WINDOW);
    assert_eq!(pipeline.expire(start + DEADLINE * 2), Expired::Dead);
    let outcomes = pipeline.finish(&Outcome::TimedOut);
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::TimedOut));
}

#[test]
fn what_was_under_way_when_the_stream_ended_is_asked_again() {
    let now = Instant::now();
    let mut pipeline = Pipeline::new(questions(3));
    let sent = send(&mut pipeline, now);
    pipeline.received(&answer(&sent[0]), now);
    pipeline.stream_ended();
    let again = send(&mut pipeline, now);
    assert_eq!(again.len(), 2);
    for message in again {
        pipeline.received(&answer(&message), now);
    }
    assert_eq!(answered(&pipeline.finish(&Outcome::Lost)), 3);
}

#[test]
fn a_name_that_dns_cannot_hold_is_passed_over() {
    let now = Instant::now();
    let long = Question::new("a".repeat(64), RecordKind::A);
    let mut pipeline = Pipeline::new([vec![long], questions(1)].concat());
    assert_eq!(send(&mut pipeline, now).len(), 1);
    assert_eq!(pipeline.finish(&Outcome::TimedOut)[0], Outcome::Lost);
}
