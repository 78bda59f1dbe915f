//! The one place where a step of a saga takes effect.

use std::time::Duration;

use db::Tx;

use crate::{
    Error,
    domain::{
        order::{Line, Order},
        saga::{Command, Emission, Event, Lifecycle, Patience, Transition},
    },
    metrics,
    store::{log, orders},
    token::OrderTokens,
    watch::Watchers,
    wire::message,
};

/// Takes orders through their checkout.
#[derive(Clone, Debug)]
pub(crate) struct Checkout {
    patience: Patience,
    hold: Duration,
    tokens: OrderTokens,
    watchers: Watchers,
}

impl Checkout {
    pub(crate) fn new(patience: Patience, hold: Duration, tokens: OrderTokens, watchers: Watchers) -> Self {
        Self { patience, hold, tokens, watchers }
    }

    pub(crate) fn patience(&self) -> &Patience {
        &self.patience
    }

    /// Writes a new order and asks for its stock.
    pub(crate) async fn begin(&self, tx: &Tx, order: &Order, lines: &[Line]) -> Result<(), Error> {
        orders::insert(tx, order, lines).await?;
        log::add(tx, order, log::PLACED).await?;
        let id = order.id.to_string();
        tx.emit(&id, &message::placed(order, lines)).await?;
        tx.emit(&id, &message::reserve_stock(order, lines, self.hold)).await?;
        tx.after_commit(|| metrics::count_order("placed"));
        Ok(())
    }

    /// Applies `event` to an order read in the same transaction: state, timer, log, and what it tells whom change
    /// together. Returns the order as it is then; `None` when the event changes nothing.
    pub(crate) async fn advance(&self, tx: &Tx, before: &Order, event: &Event) -> Result<Option<Order>, Error> {
        let Some(transition) = before.saga.step(event, tx.now(), &self.patience)? else { return Ok(None) };
        let after = successor(before, &transition, tx);
        if after != *before {
            orders::update(tx, before, &after).await?;
        }
        if after.version != before.version {
            log::add(tx, &after, event.name()).await?;
            let (watchers, id) = (self.watchers.clone(), after.id);
            tx.after_commit(move || watchers.changed(id));
        } else {
            let state = after.saga.state.name();
            tx.after_commit(move || metrics::count_asked_again(state));
        }
        if let Some(command) = transition.command {
            self.tell(tx, &after, command).await?;
        }
        if let Some(emission) = transition.emission {
            announce(tx, &after, emission).await?;
        }
        Ok(Some(after))
    }

    async fn tell(&self, tx: &Tx, order: &Order, command: Command) -> Result<(), Error> {
        let id = order.id.to_string();
        match command {
            Command::ReserveStock => {
                let lines = orders::lines(tx, order).await?;
                tx.emit(&id, &message::reserve_stock(order, &lines, self.hold)).await?;
            }
            Command::AuthorizePayment => tx.emit(&id, &message::authorize_payment(order, &self.tokens)).await?,
            Command::CommitStock => tx.emit(&id, &message::commit_stock(order)).await?,
            Command::CapturePayment => tx.emit(&id, &message::capture_payment(order)).await?,
            Command::CancelPayment => tx.emit(&id, &message::cancel_payment(order)).await?,
            Command::ReleaseStock => tx.emit(&id, &message::release_stock(order)).await?,
        }
        Ok(())
    }
}

/// The order after a transition. What others cannot see, such as a timer set again, makes no new version.
fn successor(before: &Order, transition: &Transition, tx: &Tx) -> Order {
    let mut after = Order { saga: transition.next.clone(), ..before.clone() };
    if transition.is_visible(&before.saga) {
        after.version += 1;
        after.updated_at = tx.now();
    }
    if !after.saga.state.needs_payment_token() {
        after.payment_token.clear();
    }
    after
}

/// Tells others how the order ended.
async fn announce(tx: &Tx, order: &Order, emission: Emission) -> Result<(), Error> {
    let id = order.id.to_string();
    let lines = orders::lines(tx, order).await?;
    match emission {
        Emission::Confirmed => {
            tx.emit(&id, &message::confirmed(order, &lines)).await?;
            let (total, took) = (order.total, order.updated_at.since(order.placed_at));
            tx.after_commit(move || metrics::count_confirmed(total, took));
        }
        Emission::Cancelled => {
            tx.emit(&id, &message::cancelled(order, &lines)).await?;
            let status = if order.saga.lifecycle() == Lifecycle::Expired { "expired" } else { "cancelled" };
            tx.after_commit(move || metrics::count_order(status));
        }
    }
    Ok(())
}
