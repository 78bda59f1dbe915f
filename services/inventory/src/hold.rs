//! Holding stock for orders: reserve, commit, release, expire. Each is safe to be asked for again.

use std::collections::HashMap;

use db::Tx;
use kernel::Timestamp;
use sea_orm::ConnectionTrait;

use crate::{
    Error,
    domain::{Line, MovementKind, ReservationState, by_sku},
    metrics::{EXPIRED, RESERVATIONS},
    store::{
        movement,
        reservation::{self, Model as Reservation},
        stock,
    },
};

/// A line that is short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shortage {
    pub(crate) sku: String,
    pub(crate) requested: i64,
    pub(crate) available: i64,
}

/// What became of a wish to reserve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reserved {
    /// All lines are held, now or since an earlier time.
    Held,
    /// Nothing is held.
    Short(Vec<Shortage>),
}

/// Holds all lines or none.
pub(crate) async fn reserve(tx: &Tx, order_id: &str, lines: Vec<Line>, expires: Timestamp) -> Result<Reserved, Error> {
    let before = reservation::of_order(tx, order_id).await?;
    if !before.is_empty() {
        let held = before.iter().all(|row| row.is(ReservationState::Active) || row.is(ReservationState::Committed));
        // What was given back is not taken again: the order has ended.
        return Ok(if held { Reserved::Held } else { Reserved::Short(Vec::new()) });
    }
    let lines = by_sku(lines);
    let mut held = Vec::with_capacity(lines.len());
    for line in &lines {
        if stock::reserve(tx, &line.sku, line.quantity, tx.now()).await? {
            held.push(line);
        }
    }
    if held.len() < lines.len() {
        for line in held {
            stock::shift(tx, &line.sku, (0, -line.quantity), tx.now()).await?;
        }
        metrics::counter!(RESERVATIONS, "result" => "rejected").increment(1);
        return Ok(Reserved::Short(shortages(tx, lines).await?));
    }
    reservation::insert(tx, order_id, &lines, expires, tx.now()).await?;
    let movements = lines.iter().map(|line| movement::New {
        sku: &line.sku,
        kind: MovementKind::Reserved,
        on_hand: 0,
        reserved: line.quantity,
        order_id,
        reason: "",
    });
    movement::insert(tx, tx.ids(), tx.now(), movements.collect::<Vec<_>>()).await?;
    metrics::counter!(RESERVATIONS, "result" => "reserved").increment(1);
    Ok(Reserved::Held)
}

/// What is truly available of the lines that are short.
async fn shortages(tx: &impl ConnectionTrait, lines: Vec<Line>) -> Result<Vec<Shortage>, Error> {
    let skus: Vec<String> = lines.iter().map(|line| line.sku.clone()).collect();
    let available: HashMap<String, i64> =
        stock::find_all(tx, &skus).await?.into_iter().map(|row| (row.sku, row.on_hand - row.reserved)).collect();
    let short = lines.into_iter().map(|line| Shortage {
        available: available.get(&line.sku).copied().unwrap_or(0),
        requested: line.quantity,
        sku: line.sku,
    });
    Ok(short.filter(|line| line.available < line.requested).collect())
}

/// Sells what is held. Tells whether it is sold, now or since an earlier time.
pub(crate) async fn commit(tx: &Tx, order_id: &str) -> Result<bool, Error> {
    let rows = reservation::of_order(tx, order_id).await?;
    if rows.is_empty() || !rows.iter().all(|row| row.is(ReservationState::Active)) {
        return Ok(!rows.is_empty() && rows.iter().all(|row| row.is(ReservationState::Committed)));
    }
    reservation::flip(tx, order_id, ReservationState::Active, ReservationState::Committed).await?;
    shift_all(tx, order_id, &rows, MovementKind::Committed, |quantity| (-quantity, -quantity)).await?;
    Ok(true)
}

/// Gives back what is held for, or was sold to, the order. Nothing, if nothing is.
pub(crate) async fn release(tx: &Tx, order_id: &str) -> Result<(), Error> {
    let rows = reservation::of_order(tx, order_id).await?;
    let (active, rest): (Vec<Reservation>, Vec<Reservation>) =
        rows.into_iter().partition(|row| row.is(ReservationState::Active));
    let committed: Vec<Reservation> = rest.into_iter().filter(|row| row.is(ReservationState::Committed)).collect();
    if !active.is_empty() {
        reservation::flip(tx, order_id, ReservationState::Active, ReservationState::Released).await?;
        shift_all(tx, order_id, &active, MovementKind::Released, |quantity| (0, -quantity)).await?;
    }
    if !committed.is_empty() {
        reservation::flip(tx, order_id, ReservationState::Committed, ReservationState::Released).await?;
        shift_all(tx, order_id, &committed, MovementKind::Restocked, |quantity| (quantity, 0)).await?;
    }
    Ok(())
}

/// Ends a hold that has run out. A commit that was faster wins: then there is nothing to end.
pub(crate) async fn expire(tx: &Tx, order_id: &str) -> Result<(), Error> {
    let rows = reservation::of_order(tx, order_id).await?;
    let due: Vec<Reservation> = rows
        .into_iter()
        .filter(|row| row.is(ReservationState::Active) && row.expires_at <= tx.now().micros())
        .collect();
    if due.is_empty() {
        return Ok(());
    }
    reservation::flip(tx, order_id, ReservationState::Active, ReservationState::Expired).await?;
    shift_all(tx, order_id, &due, MovementKind::Released, |quantity| (0, -quantity)).await?;
    metrics::counter!(EXPIRED).increment(1);
    Ok(())
}

async fn shift_all(
    tx: &Tx,
    order_id: &str,
    rows: &[Reservation],
    kind: MovementKind,
    delta: impl Fn(i64) -> (i64, i64) + Send + Sync,
) -> Result<(), Error> {
    for row in rows {
        stock::shift(tx, &row.sku, delta(row.quantity), tx.now()).await?;
    }
    let movements = rows.iter().map(|row| {
        let (on_hand, reserved) = delta(row.quantity);
        movement::New { sku: &row.sku, kind, on_hand, reserved, order_id, reason: "" }
    });
    movement::insert(tx, tx.ids(), tx.now(), movements.collect::<Vec<_>>()).await
}
