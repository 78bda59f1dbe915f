//! The RPCs: decode, call, encode. No SQL, no rules.

use db::{Db, Tx};
use kernel::{PageTokens, Violation};
use service_kit::{Caller, wire::page_size};
use tonic::{Request, Response, Status, codegen::async_trait};
use ultramarket_api::notification::v1::{self as pb, notification_service_server::NotificationService};

use crate::{
    Error,
    domain::Preferences,
    store::{delivery, preferences},
};

/// The handlers of `NotificationService`.
pub(crate) struct Handlers {
    pub(crate) db: Db,
    pub(crate) pages: PageTokens,
}

#[async_trait]
impl NotificationService for Handlers {
    async fn list_notifications(
        &self,
        request: Request<pb::ListNotificationsRequest>,
    ) -> Result<Response<pb::ListNotificationsResponse>, Status> {
        let caller = Caller::of(&request);
        let account = &caller.account()?.id;
        let request = request.into_inner();
        let size = page_size(request.page_size)?.get();
        let scope = ["ListNotifications", account];
        let after = self.pages.decode(&scope, &request.page_token).map_err(Error::from)?;
        let mut page = delivery::page(self.db.reader(), account, after.as_deref(), size + 1).await?;
        let more = page.len() > size as usize;
        page.truncate(size as usize);
        let last = page.last().filter(|_| more);
        let next_page_token = last.map(|last| self.pages.encode(&scope, &last.id)).unwrap_or_default();
        let notifications = page.into_iter().map(pb::Notification::from).collect();
        Ok(Response::new(pb::ListNotificationsResponse { notifications, next_page_token }))
    }

    async fn mark_read(&self, request: Request<pb::MarkReadRequest>) -> Result<Response<pb::Notification>, Status> {
        let caller = Caller::of(&request);
        let account = caller.account()?.id.as_str();
        let id = request.into_inner().notification_id;
        let id = id.as_str();
        let marked = self.db.write(|tx| Box::pin(delivery::mark_read(tx, account, id))).await?;
        Ok(Response::new(marked.ok_or_else(|| Error::NotFound { id: id.to_owned() })?.into()))
    }

    async fn get_preferences(
        &self,
        request: Request<pb::GetPreferencesRequest>,
    ) -> Result<Response<pb::Preferences>, Status> {
        let caller = Caller::of(&request);
        let preferences = preferences::of(self.db.reader(), &caller.account()?.id).await?;
        Ok(Response::new(preferences.into()))
    }

    async fn update_preferences(
        &self,
        request: Request<pb::UpdatePreferencesRequest>,
    ) -> Result<Response<pb::Preferences>, Status> {
        let caller = Caller::of(&request);
        let account = caller.account()?.id.as_str();
        let pb::UpdatePreferencesRequest { preferences, update_mask } = request.into_inner();
        let (wanted, mask) = (preferences.unwrap_or_default(), update_mask.unwrap_or_default().paths);
        let (wanted, mask) = (&wanted, mask.as_slice());
        let changed = self.db.write(|tx| Box::pin(update(tx, account, wanted, mask))).await?;
        Ok(Response::new(changed.into()))
    }
}

async fn update(tx: &Tx, account: &str, wanted: &pb::Preferences, mask: &[String]) -> Result<Preferences, Error> {
    let current = preferences::of(tx, account).await?;
    if !wanted.etag.is_empty() && wanted.etag != current.etag() {
        return Err(Error::EtagMismatch { current: current.etag() });
    }
    let merged = merge(current, wanted, mask)?;
    if merged == current {
        return Ok(current);
    }
    let changed = Preferences { version: current.version + 1, ..merged };
    preferences::put(tx, account, &changed).await?;
    Ok(changed)
}

/// Without a mask, what is set is changed: `false` counts as not set. `*` changes all.
fn merge(current: Preferences, wanted: &pb::Preferences, mask: &[String]) -> Result<Preferences, Error> {
    if mask.is_empty() {
        return Ok(Preferences {
            order_email: current.order_email || wanted.order_email,
            marketing_email: current.marketing_email || wanted.marketing_email,
            ..current
        });
    }
    let mut merged = current;
    for path in mask {
        match path.as_str() {
            "order_email" => merged.order_email = wanted.order_email,
            "marketing_email" => merged.marketing_email = wanted.marketing_email,
            "*" => {
                merged.order_email = wanted.order_email;
                merged.marketing_email = wanted.marketing_email;
            }
            // Sent along to say which state the change is for.
            "etag" => {}
            _ => {
                let violation = Violation::new("updateMask", format!("there is no field {path:?} to change"));
                return Err(service_kit::Error::InvalidRequest(vec![violation]).into());
            }
        }
    }
    Ok(merged)
}
