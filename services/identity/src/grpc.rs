//! The handlers: decode, call, encode.
//!
//! Whoever calls with an access token must have a live session ([`Handlers::signed_in`]); only signing out is fine
//! with one that has ended.

use std::sync::Arc;

use secrecy::SecretString;
use service_kit::{Caller, wire::page_size};
use tonic::{Request, Response, Status, async_trait};
use ultramarket_api::identity::v1::{self as pb, identity_service_server::IdentityService};

use crate::{
    Error,
    app::{Identity, Registration, SignIn},
    domain::{account::AccountId, session::SessionId},
    store::sessions::Owned,
    wire,
};

/// The RPCs of this service.
pub(crate) struct Handlers(pub(crate) Arc<Identity>);

impl Handlers {
    /// The account and the session behind a call.
    async fn signed_in<T: Sync>(&self, request: &Request<T>) -> Result<Owned, Error> {
        self.0.live_session(Caller::of(request).account()?).await
    }
}

#[async_trait]
impl IdentityService for Handlers {
    async fn register(&self, request: Request<pb::RegisterRequest>) -> Result<Response<pb::Account>, Status> {
        let registration = Registration::try_from(request.into_inner())?;
        let account = self.0.register(registration).await?;
        Ok(Response::new(account.into()))
    }

    async fn login(&self, request: Request<pb::LoginRequest>) -> Result<Response<pb::TokenResponse>, Status> {
        let attempt = SignIn::try_from(request.into_inner())?;
        let tokens = self.0.sign_in(attempt).await?;
        Ok(Response::new(tokens.into()))
    }

    async fn refresh_token(
        &self,
        request: Request<pb::RefreshTokenRequest>,
    ) -> Result<Response<pb::TokenResponse>, Status> {
        let token = SecretString::from(request.into_inner().refresh_token);
        let tokens = self.0.refresh(&token).await?;
        Ok(Response::new(tokens.into()))
    }

    async fn logout(&self, request: Request<pb::LogoutRequest>) -> Result<Response<()>, Status> {
        let caller = Caller::of(&request);
        self.0.sign_out(caller.account()?, request.into_inner().all_sessions).await?;
        Ok(Response::new(()))
    }

    async fn request_password_reset(
        &self,
        request: Request<pb::RequestPasswordResetRequest>,
    ) -> Result<Response<()>, Status> {
        let email = wire::email(&request.into_inner().email)?;
        self.0.request_reset(&email).await?;
        Ok(Response::new(()))
    }

    async fn confirm_password_reset(
        &self,
        request: Request<pb::ConfirmPasswordResetRequest>,
    ) -> Result<Response<()>, Status> {
        let request = request.into_inner();
        let new = wire::new_password("newPassword", request.new_password)?;
        self.0.confirm_reset(&SecretString::from(request.token), &new).await?;
        Ok(Response::new(()))
    }

    async fn change_password(&self, request: Request<pb::ChangePasswordRequest>) -> Result<Response<()>, Status> {
        let caller = self.signed_in(&request).await?;
        let request = request.into_inner();
        let new = wire::new_password("newPassword", request.new_password)?;
        self.0.change_password(&caller, &SecretString::from(request.current_password), &new).await?;
        Ok(Response::new(()))
    }

    async fn list_sessions(
        &self,
        request: Request<pb::ListSessionsRequest>,
    ) -> Result<Response<pb::ListSessionsResponse>, Status> {
        let caller = self.signed_in(&request).await?;
        let sessions = self.0.list_sessions(caller.account.id).await?;
        let sessions = sessions.into_iter().map(|session| wire::session(session, caller.session.id)).collect();
        Ok(Response::new(pb::ListSessionsResponse { sessions }))
    }

    async fn revoke_session(&self, request: Request<pb::RevokeSessionRequest>) -> Result<Response<()>, Status> {
        let caller = self.signed_in(&request).await?;
        let session = session_id(&request.into_inner().session_id)?;
        self.0.revoke_session(caller.account.id, session).await?;
        Ok(Response::new(()))
    }

    async fn list_accounts(
        &self,
        request: Request<pb::ListAccountsRequest>,
    ) -> Result<Response<pb::ListAccountsResponse>, Status> {
        let caller = self.signed_in(&request).await?;
        let request = request.into_inner();
        let size = page_size(request.page_size)?;
        let email = wire::email(&request.email)?;
        let scope = ["ListAccounts", &caller.account.id.to_string(), email.key()];
        let email = Some(&email).filter(|email| !email.key().is_empty());
        let (accounts, next_page_token) = self.0.list_accounts(email, size, &request.page_token, &scope).await?;
        let accounts = accounts.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListAccountsResponse { accounts, next_page_token }))
    }

    async fn get_account(&self, request: Request<pb::GetAccountRequest>) -> Result<Response<pb::Account>, Status> {
        self.signed_in(&request).await?;
        let account = self.0.account(account_id(&request.into_inner().account_id)?).await?;
        Ok(Response::new(account.into()))
    }

    async fn set_roles(&self, request: Request<pb::SetRolesRequest>) -> Result<Response<pb::Account>, Status> {
        self.signed_in(&request).await?;
        let request = request.into_inner();
        let account = self.0.set_roles(account_id(&request.account_id)?, &wire::roles(&request)).await?;
        Ok(Response::new(account.into()))
    }

    async fn disable_account(
        &self,
        request: Request<pb::DisableAccountRequest>,
    ) -> Result<Response<pb::Account>, Status> {
        self.signed_in(&request).await?;
        let account = self.0.disable(account_id(&request.into_inner().account_id)?).await?;
        Ok(Response::new(account.into()))
    }

    async fn get_jwks(&self, _: Request<pb::GetJwksRequest>) -> Result<Response<pb::Jwks>, Status> {
        Ok(Response::new(pb::Jwks { keys: self.0.keys.jwks() }))
    }

    async fn get_discovery(&self, _: Request<pb::GetDiscoveryRequest>) -> Result<Response<pb::Discovery>, Status> {
        let issuer = self.0.config.issuer.clone();
        Ok(Response::new(pb::Discovery {
            jwks_uri: format!("{issuer}/.well-known/jwks.json"),
            token_endpoint: format!("{issuer}/api/v1/auth/refresh"),
            id_token_signing_alg_values_supported: vec!["RS256".to_owned()],
            response_types_supported: vec!["token".to_owned()],
            subject_types_supported: vec!["public".to_owned()],
            issuer,
        }))
    }
}

fn account_id(text: &str) -> Result<AccountId, Error> {
    text.parse().map_err(|_| Error::AccountNotFound { account_id: text.to_owned() })
}

fn session_id(text: &str) -> Result<SessionId, Error> {
    text.parse().map_err(|_| Error::SessionNotFound { session_id: text.to_owned() })
}
