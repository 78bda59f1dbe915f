//! The RPCs: decode, call, encode. No SQL, no rules.

use db::{Db, Tx, idempotency::Claim};
use service_kit::{Caller, idempotent};
use tonic::{Request, Response, Status, codegen::async_trait};
use ultramarket_api::payment::v1::{self as pb, payment_service_server::PaymentService};

use crate::{
    Error,
    change::{self, Rules, Tell},
    domain::payment::Payment,
    store,
    webhook::Webhooks,
};

/// The metadata with a provider's signature. One name for all: what is in it is up to the provider.
pub(crate) const SIGNATURE: &str = "stripe-signature";

/// The handlers of `PaymentService`.
pub(crate) struct Handlers {
    pub(crate) db: Db,
    pub(crate) rules: Rules,
    pub(crate) webhooks: Webhooks,
}

#[async_trait]
impl PaymentService for Handlers {
    async fn get_payment(&self, request: Request<pb::GetPaymentRequest>) -> Result<Response<pb::Payment>, Status> {
        let caller = Caller::of(&request);
        let id = request.into_inner().payment_id;
        let payment = of_caller(store::load(self.db.reader(), &id).await?, &caller, &id)?;
        Ok(Response::new(pb::Payment::from(&payment)))
    }

    async fn confirm_payment(
        &self,
        request: Request<pb::ConfirmPaymentRequest>,
    ) -> Result<Response<pb::Payment>, Status> {
        let caller = Caller::of(&request);
        let request = request.into_inner();
        let (who, id) = (&caller, request.payment_id.as_str());
        let confirmed = idempotent::run(&self.db, &caller, &request, |claim| async move {
            let claim = claim.as_ref();
            self.db.write(|tx| Box::pin(self.confirm(tx, who, id, claim))).await
        });
        confirmed.await
    }

    async fn handle_webhook(&self, request: Request<pb::HandleWebhookRequest>) -> Result<Response<()>, Status> {
        let caller = Caller::of(&request);
        let pb::HandleWebhookRequest { provider, body } = request.into_inner();
        let signature = caller.metadata(SIGNATURE).unwrap_or_default();
        self.webhooks.receive(&provider, signature, &body.unwrap_or_default().data).await?;
        Ok(Response::new(()))
    }
}

impl Handlers {
    async fn confirm(&self, tx: &Tx, caller: &Caller, id: &str, claim: &Claim) -> Result<pb::Payment, Error> {
        let before = of_caller(store::load(tx, id).await?, caller, id)?;
        let mut after = before.clone();
        after.confirm(tx.now()).map_err(|_| Error::not_confirmable(before.status()))?;
        if after != before {
            after.updated_at = tx.now();
        }
        let reply = pb::Payment::from(&after);
        change::store(tx, &self.rules, &[(before, after)], Tell::IfNew).await?;
        idempotent::complete(claim, tx, &reply).await?;
        Ok(reply)
    }
}

/// The payment, if the caller pays it. To everybody else it does not exist.
fn of_caller(payment: Option<Payment>, caller: &Caller, id: &str) -> Result<Payment, Error> {
    let account = caller.signed_in().map(|account| account.id.as_str());
    payment
        .filter(|payment| payment.payer.is(account, caller.order_token()))
        .ok_or_else(|| Error::PaymentNotFound { id: id.to_owned() })
}
