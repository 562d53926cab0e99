use proptest::prelude::*;

use super::*;

fn mark(line: &(i64, u8)) -> Mark {
    Mark::of(Stamp(line.0), &[line.1])
}

/// Hands on `log[..printed]`, then an answer that the kubelet would give after `lost` lines were rotated away; what is new in it.
fn resumed(log: &[(i64, u8)], printed: usize, lost: usize) -> Result<Vec<(i64, u8)>, (i64, u8)> {
    let mut cursor = Cursor::default();
    log[..printed].iter().for_each(|line| cursor.push(mark(line)));
    let since = cursor.since();
    let floor = since.map_or(i64::MIN, |since| since * SECOND);
    let mut aligner = cursor.align(since);
    let (mut fresh, mut kept) = (Vec::new(), Vec::new());
    for line in log[lost..].iter().filter(|line| line.0 >= floor) {
        match aligner.place(mark(line)) {
            Place::Known => {}
            Place::AllKnown => kept.clear(),
            Place::Undecided => kept.push(*line),
            Place::New { known } => {
                fresh.extend(kept.drain(..).skip(known));
                fresh.push(*line);
            }
            Place::Foreign => return Err(*line),
        }
    }
    Ok(fresh)
}

fn numbered(count: u8, step: i64) -> Vec<(i64, u8)> {
    (0..count).map(|at| (i64::from(at) * step, at)).collect()
}

#[test]
fn an_answer_that_starts_earlier_goes_on_where_printing_stopped() {
    let log = numbered(20, SECOND / 2);
    for printed in 0..20 {
        assert_eq!(resumed(&log, printed, 0).unwrap(), log[printed..], "{printed}");
    }
}

#[test]
fn a_hundred_lines_of_the_same_nanosecond_are_each_printed_once() {
    assert_eq!(resumed(&[(5, b'x'); 100], 40, 0).unwrap().len(), 60);
}

#[test]
fn what_was_printed_and_then_rotated_away_is_not_missed() {
    let log = numbered(50, 1);
    assert_eq!(resumed(&log, 30, 10).unwrap(), log[30..], "some of the remembered lines are in the old file");
    assert_eq!(resumed(&log, 30, 29).unwrap(), log[30..], "all but one");
    assert_eq!(resumed(&log, 30, 35), Err(log[35]), "five unseen lines went with the old file");
}

#[test]
fn behind_a_clock_that_was_set_back_by_a_day_the_whole_log_is_asked_for() {
    const DAY: i64 = 86_400 * SECOND;
    let mut log: Vec<(i64, u8)> = numbered(20, SECOND).into_iter().map(|(time, text)| (time + DAY, text)).collect();
    let mut cursor = Cursor::default();
    for line in &log {
        cursor.push(mark(line));
    }
    assert!(!cursor.is_out_of_reach(mark(&log[19])), "the last line is no news");
    log.extend([(20 * SECOND, 20), (21 * SECOND, 21)]);
    assert!(cursor.is_out_of_reach(mark(&log[21])));
    cursor.ask_for_all();
    assert_eq!(cursor.since(), None);
    let mut aligner = cursor.align(None);
    let news: Vec<_> = log.iter().filter(|line| matches!(aligner.place(mark(line)), Place::New { known: 0 })).collect();
    assert_eq!(news, [&log[20], &log[21]]);
}

#[test]
fn lines_of_two_streams_out_of_order_over_the_edge_of_a_second() {
    let log = [(SECOND - 1, 1), (SECOND + 5, 2), (SECOND - 3, 3), (SECOND + 6, 4), (SECOND - 1, 5), (SECOND + 9, 6)];
    for printed in 1..log.len() {
        assert_eq!(resumed(&log, printed, 0).unwrap(), log[printed..], "{printed}");
    }
}

#[test]
fn a_clock_that_is_set_back_loses_nothing() {
    let before: Vec<(i64, u8)> = (0..100).map(|at| (1000 * SECOND + i64::from(at) * SECOND / 10, at)).collect();
    for back in [3, 3600] {
        let after = (0..60u8).map(|at| ((1010 - back) * SECOND + i64::from(at) * SECOND / 10, 100 + at));
        let log: Vec<(i64, u8)> = before.iter().copied().chain(after).collect();
        // Set back while nobody listens it is covered by the slack, else by any distance.
        let printed = if back == 3 { &[50, 100, 110, 159][..] } else { &[101, 110, 159] };
        for &printed in printed {
            assert_eq!(resumed(&log, printed, 0).unwrap(), log[printed..], "{back} s back, {printed} printed");
        }
    }
}

#[test]
fn reading_that_started_at_the_tail_does_not_go_back_before_it() {
    let log = numbered(10, 1);
    let mut cursor = Cursor::default();
    cursor.starts_after(Stamp(6));
    let mut aligner = cursor.align(cursor.since());
    let fresh: Vec<_> = log.iter().filter(|line| aligner.place(mark(line)) == Place::New { known: 0 }).collect();
    assert_eq!(fresh, [&log[7], &log[8], &log[9]]);
}

#[test]
fn memory_is_bounded_by_time() {
    let mut cursor = Cursor::default();
    (0..100_000).for_each(|at| cursor.push(Mark::of(Stamp(at * SECOND / 1000), b"x")));
    assert!(cursor.ring.len() <= 5001, "{}", cursor.ring.len());
}

#[test]
fn a_stream_that_begins_its_file_anew_is_left_at_its_first_line() {
    let mut cursor = Cursor::default();
    for line in numbered(40, SECOND / 2) {
        cursor.push(mark(&line));
    }
    let first = |lines: &[(i64, u8)]| cursor.first_repeated(lines.iter().map(|line| Some(mark(line))));
    // Up to 19.5 s; what lies more than four seconds before is not remembered.
    assert_eq!(first(&[(20 * SECOND, 0), (21 * SECOND, 0)]), None, "it goes on");
    assert_eq!(first(&[(20 * SECOND, 0), (18 * SECOND, 36)]), Some(1), "a line that is remembered");
    assert_eq!(first(&[(20 * SECOND, 0), (21 * SECOND, 0), (3 * SECOND, 99)]), Some(2), "older than all that is");
    assert_eq!(first(&[(20 * SECOND, 0), (21 * SECOND, 0), (20 * SECOND, 0)]), Some(2), "of what came with it");
    assert_eq!(first(&[(20 * SECOND, 0), (19 * SECOND, 99)]), None, "the other stream's, a little out of order");
    assert_eq!(first(&[(20 * SECOND, 0), (20 * SECOND, 0)]), None, "a burst of one nanosecond");
}

proptest! {
    #[test]
    fn whatever_the_log_nothing_is_lost_or_twice(
        steps in proptest::collection::vec((0i64..3, 0u8..3, prop::bool::weighted(0.1)), 1..120),
        printed in 0usize..120, lost in 0usize..120,
    ) {
        // Few different times and texts: bursts of equal lines are the hard part.
        let mut time = 100 * SECOND;
        let log: Vec<(i64, u8)> = steps.iter().map(|(step, text, back)| {
            time += step * 400_000_000;
            (if *back { time - SECOND } else { time }, *text)
        }).collect();
        let printed = printed.min(log.len());
        let lost = if printed == 0 { 0 } else { lost.min(printed - 1) };
        if let Ok(fresh) = resumed(&log, printed, lost) {
            // With lines rotated away, equal lines of one nanosecond can't be told apart.
            if lost == 0 {
                prop_assert_eq!(fresh, &log[printed..]);
            } else {
                prop_assert!(log[printed..].ends_with(&fresh));
            }
        }
    }
}

#[test]
fn the_end_of_a_log_is_told_by_lines_that_stand_nowhere_else() {
    let mark = |time: i64, text: &str| Mark::of(Stamp(time), text.as_bytes());
    let mut cursor = Cursor::default();
    assert_eq!(cursor.ending(), None);
    cursor.push(mark(1, "a"));
    assert_eq!(cursor.ending(), None, "all lines could be equal to it");
    cursor.push(mark(2, "b"));
    assert_eq!(cursor.ending(), Some(vec![mark(1, "a"), mark(2, "b")]));
    cursor.extend([mark(2, "b"), mark(2, "b")].into_iter());
    assert_eq!(cursor.ending(), Some(vec![mark(1, "a"), mark(2, "b"), mark(2, "b"), mark(2, "b")]));
}
