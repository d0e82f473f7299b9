//! Sign-in by a code that was sent to an e-mail address: the user who has the address now signs in, or a new user is made.

use crate::directory::sign_in::SignIn;
use crate::directory::sql::{SqlTransaction, StorageFault, Verb, with};
use crate::provider::identity::IdentityEmail;

/// Signs in the person who has proven the address of the identity by a code, or refuses.
///
/// The address belongs to a person only as long as no other person has it. So the identity under the key of the code has the id of the user:
/// it shows that the user signs in like this, and leads to no user by itself. An address that a user has left leads to that user no more.
#[derive(Clone, Debug)]
pub struct SignInByCode(pub SignIn);

impl Verb for SignInByCode {
    type Answer = <SignIn as Verb>::Answer;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Self::Answer, StorageFault> {
        let mut sign_in = self.0.clone();
        let IdentityEmail::Proven(email, _) = &sign_in.identity.address else { return Err(StorageFault::Conflict) };
        let holder = "SELECT uid, name, picture FROM users WHERE store = $1 AND email = $2 AND email_verified = 1";
        let rows = sql.fetch_for_update(holder, with![&sign_in.store, email.key()]).await?;
        // A user who had the address without proof loses it to a new one.
        sign_in.identity.id = rows.first().map_or(Ok(&*sign_in.new_uid), |row| row.text(0))?.into();
        // A code says nothing of the person, so what is known stays.
        if let Some(row) = rows.first() {
            sign_in.identity.name = row.optional_text(1)?.map(str::to_owned);
            sign_in.identity.picture = row.optional_text(2)?.map(str::to_owned);
        }
        let answer = sign_in.execute(sql).await?;
        // Another sign-in has made the user meanwhile, so the id is that of none.
        if answer.as_ref().is_ok_and(|signed_in| signed_in.user.uid != sign_in.identity.id) {
            return Err(StorageFault::Conflict);
        }
        Ok(answer)
    }
}
