//! The payment and the sandbox's books against each other, without I/O: any order of commands, calls that arrive
//! late or not at all, answers that get lost, webhooks in any order and number. Whatever happens, money moves once,
//! and what the checkout is told holds at the provider.

use std::collections::HashMap;

use kernel::{Money, SequenceIds, Timestamp};
use proptest::prelude::*;

use crate::{
    domain::{
        Answer, Cancelled,
        attempt::{Call, Due, Job, Outcome, PaymentToken},
        ledger::{Event, Ledger, Report},
        payer::Payer,
        payment::Payment,
    },
    provider::{
        Reply,
        sandbox::bank::{self, Intent, Past, Said, State, Verdict},
    },
};

const NOW: Timestamp = Timestamp::from_micros(1_000_000);
const LATER: Timestamp = Timestamp::from_micros(900_000_000);

/// What happens to a call on its way.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Answered,
    AnswerLost,
    CallLost,
    /// Given up, and yet it arrives some time.
    Delayed,
}

#[derive(Clone, Debug)]
enum Step {
    Capture,
    Cancel,
    Confirm,
    /// The worker takes up the attempt at this place among those that are due.
    Work(usize, Fate),
    /// A delayed call arrives.
    Arrive(usize),
    /// One of all webhooks so far arrives, perhaps not for the first time.
    Webhook(usize),
    Expire,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let fate = prop_oneof![
        4 => Just(Fate::Answered),
        2 => Just(Fate::AnswerLost),
        1 => Just(Fate::CallLost),
        1 => Just(Fate::Delayed),
    ];
    let step = prop_oneof![
        2 => Just(Step::Capture),
        1 => Just(Step::Cancel),
        1 => Just(Step::Confirm),
        8 => (0_usize..4, fate).prop_map(|(place, fate)| Step::Work(place, fate)),
        2 => (0_usize..4).prop_map(Step::Arrive),
        3 => (0_usize..8).prop_map(Step::Webhook),
        1 => Just(Step::Expire),
    ];
    prop::collection::vec(step, 0..40)
}

fn tokens() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "tok_visa",
        "tok_declined",
        "tok_3ds",
        "tok_timeout_before",
        "tok_timeout_after",
        "tok_flaky",
        "nonsense",
    ])
}

struct World {
    payment: Payment,
    ids: SequenceIds,
    intents: HashMap<String, Intent>,
    calls: HashMap<String, Past>,
    delayed: Vec<Call>,
    webhooks: Vec<Report>,
}

impl World {
    fn new(token: &str) -> Self {
        let payment = Payment {
            id: "01890a5d-ac96-774b-bcce-b302099a8057".parse().expect("an id"),
            order_id: "o".into(),
            payer: Payer::Nobody,
            provider: "sandbox".into(),
            amount: Money::new("USD".parse().expect("a currency"), 500),
            token: PaymentToken(token.into()),
            capture_wanted: false,
            cancel_wanted: false,
            failure: String::new(),
            action_expires: None,
            attempts: Vec::new(),
            ledger: Ledger::default(),
            created_at: NOW,
            updated_at: NOW,
        };
        Self {
            payment: payment.begin(),
            ids: SequenceIds::default(),
            intents: HashMap::new(),
            calls: HashMap::new(),
            delayed: Vec::new(),
            webhooks: Vec::new(),
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Capture => self.payment.capture(),
            Step::Cancel => self.payment.cancel(),
            Step::Confirm => drop(self.payment.confirm(NOW)),
            Step::Work(place, fate) => self.work(*place, *fate),
            Step::Arrive(place) => {
                if *place < self.delayed.len() {
                    let call = self.delayed.remove(*place);
                    drop(self.ask(&call));
                }
            }
            Step::Webhook(place) => {
                if let Some(report) = self.webhooks.get(*place).cloned() {
                    self.payment.report(&report, LATER).expect("the provider tells no nonsense");
                }
            }
            Step::Expire => self.claim("ord:o:1:authorize", LATER),
        }
    }

    fn claim(&mut self, key: &str, now: Timestamp) {
        let waits = self.payment.awaits_action();
        if waits {
            assert_eq!(self.payment.claim(key, now, LATER), None);
        }
    }

    fn due(&self) -> Vec<String> {
        let due = self.payment.attempts.iter().filter(|attempt| attempt.state.is_open() && attempt.due != Due::Never);
        due.map(|attempt| self.payment.key(attempt)).collect()
    }

    fn work(&mut self, place: usize, fate: Fate) {
        let Some(key) = self.due().get(place).cloned() else { return };
        let Some(job) = self.payment.claim(&key, NOW, LATER) else { return };
        let outcome = match (job, fate) {
            (Job::Make(call), Fate::Answered) => self.ask(&call),
            (Job::Make(call), Fate::AnswerLost) => {
                drop(self.ask(&call));
                Outcome::Lost
            }
            (Job::Make(call), Fate::Delayed) => {
                self.delayed.push(call);
                Outcome::Lost
            }
            (Job::Make(_), Fate::CallLost) => Outcome::Lost,
            (Job::Find(call), Fate::Answered) => self.find(&call),
            (Job::Find(_), Fate::AnswerLost | Fate::CallLost | Fate::Delayed) => Outcome::Lost,
        };
        self.payment.settle(&key, &outcome, LATER).expect("the provider tells no nonsense");
    }

    fn ask(&mut self, call: &Call) -> Outcome {
        let intent = self.intents.get(&call.authorization_key);
        let decision = bank::decide(intent, self.calls.get(&call.key), call, &self.ids);
        self.calls.insert(call.key.clone(), decision.past);
        if let Some((intent, said)) = decision.news {
            self.intents.insert(call.authorization_key.clone(), intent);
            if let Outcome::Reported(report) = outcome(said, call) {
                let event_id = format!("evt_{}", self.webhooks.len());
                self.webhooks.push(Report { event_id, ..report });
            }
        }
        match decision.verdict {
            Verdict::Answer(said) => outcome(said, call),
            Verdict::Silence => Outcome::Lost,
        }
    }

    fn find(&self, call: &Call) -> Outcome {
        let said = self.calls.get(&call.key).and_then(|past| past.said.clone());
        said.map_or(Outcome::Missing, |said| outcome(said, call))
    }

    /// Everything that is due is done, and everything that was reported arrives.
    fn quiesce(&mut self) {
        for _ in 0..100 {
            let webhooks = self.webhooks.clone();
            for report in &webhooks {
                self.payment.report(report, LATER).expect("the provider tells no nonsense");
            }
            if self.due().is_empty() && self.delayed.is_empty() {
                return;
            }
            self.step(&Step::Arrive(0));
            self.work(0, Fate::Answered);
            self.check();
        }
        panic!("the payment never comes to rest: {:?}", self.payment);
    }

    fn check(&self) {
        let open = self.payment.attempts.iter().filter(|attempt| attempt.state.is_open()).count();
        assert!(open <= 1, "two calls are open: {:?}", self.payment.attempts);
        let balance = self.payment.balance();
        assert!(0 <= balance.refunded && balance.refunded <= balance.captured, "{balance:?}");
        assert!(balance.captured <= balance.authorized && balance.authorized <= 500, "{balance:?}");
        let captures = self.webhooks.iter().filter(|report| report.event == Event::Captured).count();
        assert!(captures <= 1, "charged {captures} times");
        let (held, kept) = self.at_the_provider();
        match self.payment.answer() {
            Some(Answer::Cancelled(_) | Answer::Failed { .. }) => {
                assert_eq!((held, kept), (0, 0), "{:?}", self.payment);
            }
            Some(Answer::Captured) => assert_eq!(kept, 500),
            Some(Answer::Authorized) => assert!(held + kept == 500, "held {held}, kept {kept}"),
            Some(Answer::ActionRequired { .. } | Answer::Uncertain) | None => {}
        }
    }

    fn at_the_provider(&self) -> (i64, i64) {
        let Some(intent) = self.intents.values().next() else { return (0, 0) };
        assert_eq!(self.intents.len(), 1, "one authorization is enough");
        match intent.state {
            State::Authorized => (intent.amount.minor, 0),
            State::Captured => (0, intent.amount.minor - intent.refunded_minor),
            State::RequiresAction | State::Voided | State::Declined => (0, 0),
        }
    }
}

fn outcome(said: Said, call: &Call) -> Outcome {
    match said.into_reply(call) {
        Ok(Reply::Report(report)) => Outcome::Reported(report),
        Ok(Reply::Processing) => Outcome::Processing,
        Err(crate::provider::CallError::Refused { reason }) => Outcome::Refused(reason),
        Err(crate::provider::CallError::Lost { .. }) => Outcome::Lost,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn money_moves_once_and_what_is_told_is_true(token in tokens(), steps in steps()) {
        let mut world = World::new(token);
        for step in &steps {
            world.step(step);
            world.check();
        }
        world.quiesce();
        world.check();
    }

    #[test]
    fn a_cancelled_payment_comes_to_rest_with_nothing_kept(token in tokens(), steps in steps()) {
        let mut world = World::new(token);
        for step in &steps {
            world.step(step);
        }
        world.step(&Step::Cancel);
        world.quiesce();
        let answer = world.payment.answer();
        prop_assert!(matches!(answer, Some(Answer::Cancelled(_))), "{:?}", world.payment);
        prop_assert_eq!(world.at_the_provider(), (0, 0));
        let gone = match answer {
            Some(Answer::Cancelled(Cancelled::Refunded)) => world.payment.balance().refunded == 500,
            _ => world.payment.balance().captured == 0,
        };
        prop_assert!(gone);
    }
}
