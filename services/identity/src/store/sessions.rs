//! Sessions.

use db::Tx;
use kernel::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::{Expr, SimpleExpr},
};

use super::{
    accounts::Stored,
    batch,
    entity::{
        account,
        session::{ActiveModel, Column, Entity, Model},
    },
    read, time,
};
use crate::domain::{
    account::{Account, AccountId},
    session::{Lifetimes, Session, SessionId},
};

/// A session and whose it is.
pub(crate) struct Owned {
    pub(crate) session: Session,
    pub(crate) account: Account,
}

impl TryFrom<Model> for Session {
    type Error = db::Error;

    fn try_from(row: Model) -> Result<Self, db::Error> {
        Ok(Self {
            id: read("a session id", &row.id)?,
            device: row.device,
            created_at: time(row.created_at),
            last_used_at: time(row.last_used_at),
            expires_at: time(row.expires_at),
            ended: row.ended_at.is_some(),
        })
    }
}

/// Why a session ended. Kept for people who ask.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reason {
    SignedOut,
    Revoked,
    PasswordChanged,
    RolesChanged,
    AccountDisabled,
    TokenReused,
    TooMany,
}

impl Reason {
    fn name(self) -> &'static str {
        match self {
            Self::SignedOut => "SIGNED_OUT",
            Self::Revoked => "REVOKED",
            Self::PasswordChanged => "PASSWORD_CHANGED",
            Self::RolesChanged => "ROLES_CHANGED",
            Self::AccountDisabled => "ACCOUNT_DISABLED",
            Self::TokenReused => "TOKEN_REUSED",
            Self::TooMany => "TOO_MANY",
        }
    }
}

pub(crate) async fn insert(tx: &Tx, account: AccountId, session: &Session) -> Result<(), db::Error> {
    let row = ActiveModel {
        id: Set(session.id.to_string()),
        account_id: Set(account.to_string()),
        device: Set(session.device.clone()),
        created_at: Set(session.created_at.micros()),
        last_used_at: Set(session.last_used_at.micros()),
        expires_at: Set(session.expires_at.micros()),
        ended_at: Set(None),
        ended_by: Set(None),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// In whatever state it is.
pub(crate) async fn find(db: &impl ConnectionTrait, id: SessionId) -> Result<Option<Owned>, db::Error> {
    let found = Entity::find_by_id(id.to_string()).find_also_related(account::Entity).one(db).await?;
    let Some((session, Some(account))) = found else { return Ok(None) };
    Ok(Some(Owned { session: session.try_into()?, account: Stored::try_from(account)?.account }))
}

fn is_live(now: Timestamp, lifetimes: &Lifetimes) -> SimpleExpr {
    let idle = now - lifetimes.idle;
    Column::EndedAt.is_null().and(Column::ExpiresAt.gt(now.micros())).and(Column::LastUsedAt.gt(idle.micros()))
}

fn live(account: AccountId, now: Timestamp, lifetimes: &Lifetimes) -> Select<Entity> {
    Entity::find().filter(Column::AccountId.eq(account.to_string())).filter(is_live(now, lifetimes))
}

/// The live sessions of an account, newest first.
pub(crate) async fn list_live(
    db: &impl ConnectionTrait,
    account: AccountId,
    now: Timestamp,
    lifetimes: &Lifetimes,
    limit: u64,
) -> Result<Vec<Session>, db::Error> {
    let query = live(account, now, lifetimes).order_by_desc(Column::CreatedAt).order_by_desc(Column::Id);
    query.limit(limit).all(db).await?.into_iter().map(Session::try_from).collect()
}

/// The token of a session was exchanged.
pub(crate) async fn touch(tx: &Tx, id: SessionId) -> Result<(), db::Error> {
    let update = Entity::update_many().col_expr(Column::LastUsedAt, Expr::value(tx.now().micros()));
    update.filter(Column::Id.eq(id.to_string())).exec(tx).await?;
    Ok(())
}

/// Ends one live session of an account, and tells whether there was one.
pub(crate) async fn end(
    tx: &Tx,
    account: AccountId,
    id: SessionId,
    reason: Reason,
    lifetimes: &Lifetimes,
) -> Result<bool, db::Error> {
    let one = Column::Id.eq(id.to_string()).and(Column::AccountId.eq(account.to_string()));
    Ok(end_where(tx, one.and(is_live(tx.now(), lifetimes)), reason).await? == 1)
}

/// Ends a session, whosever it is.
pub(crate) async fn end_one(tx: &Tx, id: SessionId, reason: Reason) -> Result<(), db::Error> {
    end_where(tx, Column::Id.eq(id.to_string()), reason).await?;
    Ok(())
}

/// Ends all sessions of an account, perhaps but one.
pub(crate) async fn end_all(
    tx: &Tx,
    account: AccountId,
    except: Option<SessionId>,
    reason: Reason,
) -> Result<(), db::Error> {
    let mut all = Column::AccountId.eq(account.to_string()).and(Column::EndedAt.is_null());
    if let Some(except) = except {
        all = all.and(Column::Id.ne(except.to_string()));
    }
    end_where(tx, all, reason).await?;
    Ok(())
}

/// Ends the live sessions of an account that were not used for longest, so that `keep` are left.
pub(crate) async fn end_surplus(
    tx: &Tx,
    account: AccountId,
    keep: u64,
    lifetimes: &Lifetimes,
) -> Result<(), db::Error> {
    let query = live(account, tx.now(), lifetimes).select_only().column(Column::Id);
    let query = query.order_by_desc(Column::LastUsedAt).order_by_desc(Column::Id).offset(keep).limit(100);
    let surplus: Vec<String> = query.into_tuple().all(tx).await?;
    if !surplus.is_empty() {
        end_where(tx, Column::Id.is_in(surplus), Reason::TooMany).await?;
    }
    Ok(())
}

async fn end_where(tx: &Tx, which: SimpleExpr, reason: Reason) -> Result<u64, db::Error> {
    let update = Entity::update_many()
        .col_expr(Column::EndedAt, Expr::value(tx.now().micros()))
        .col_expr(Column::EndedBy, Expr::value(reason.name()));
    Ok(update.filter(which).exec(tx).await?.rows_affected)
}

/// Forgets sessions whose tokens could not work any more anyway, with the tokens. Tells how many.
pub(crate) async fn sweep(tx: &Tx) -> Result<u64, db::Error> {
    let expired = Expr::col(Column::ExpiresAt).lte(tx.now().micros());
    let some = batch().column(Column::Id).from(Entity).and_where(expired).take();
    Ok(Entity::delete_many().filter(Column::Id.in_subquery(some)).exec(tx).await?.rows_affected)
}
