// Passkeys on the pages of the store. A form with `data-passkey` signs in (`get`) or adds a passkey (`create`); it is shown where the browser
// has passkeys. The e-mail field with `webauthn` offers them as well.
(() => {
  const forms = [...document.querySelectorAll("form[data-passkey]")];
  const elsewhere = document.querySelector("a[data-without-passkeys]");
  if (!window.PublicKeyCredential || !navigator.credentials) {
    if (elsewhere) location.replace(elsewhere.href);
    return;
  }
  const fresh = 240_000; // A challenge is valid for five minutes.
  const bytes = text => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), letter => letter.charCodeAt(0));
  const text = buffer =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
  let waiting = null;

  async function optionsOf(form) {
    const answer = await fetch(form.dataset.options, { method: "POST" });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    return answer.json();
  }

  function send(form, token, fields) {
    // A person who comes back to the page finds it as it was left.
    for (const sent of form.querySelectorAll("input")) sent.remove();
    for (const [name, value] of Object.entries({ form: token, ...fields })) {
      form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    }
    form.submit();
  }

  async function get(form, mediation, signal) {
    const options = await optionsOf(form);
    const publicKey = { challenge: bytes(options.challenge), rpId: options.rpId, userVerification: "required", timeout: 300_000 };
    const { rawId, response } = await navigator.credentials.get({ mediation, signal, publicKey });
    send(form, options.form, {
      credential: text(rawId),
      clientData: text(response.clientDataJSON),
      authenticatorData: text(response.authenticatorData),
      signature: text(response.signature),
      user: text(response.userHandle || new ArrayBuffer(0)),
    });
  }

  async function create(form) {
    const { form: token, challenge, rp, user, pubKeyCredParams, excludeCredentials } = await optionsOf(form);
    const publicKey = {
      challenge: bytes(challenge),
      rp,
      user: { ...user, id: bytes(user.id) },
      pubKeyCredParams,
      excludeCredentials: excludeCredentials.map(id => ({ type: "public-key", id: bytes(id) })),
      authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
      attestation: "none",
      timeout: 300_000,
    };
    const { rawId, response } = await navigator.credentials.create({ publicKey });
    send(form, token, {
      credential: text(rawId),
      clientData: text(response.clientDataJSON),
      attestation: text(response.attestationObject),
    });
  }

  // The browser offers passkeys in the e-mail field, until the person takes one or uses a button.
  async function offerInField(form) {
    waiting = new AbortController();
    const { signal } = waiting;
    const renewal = setTimeout(() => waiting?.signal === signal && waiting.abort("renew"), fresh);
    try {
      await get(form, "conditional", signal);
    } catch {
      if (signal.reason !== "renew") return;
      if (document.hidden) await new Promise(seen => document.addEventListener("visibilitychange", seen, { once: true }));
      offerInField(form);
    } finally {
      clearTimeout(renewal);
    }
  }

  for (const form of forms) {
    const button = form.querySelector("button");
    const failed = form.querySelector("[role=alert]");
    // The offer on the page of a person who is signed in is shown only if this device can keep a passkey.
    form.hidden = form.dataset.passkey === "create" && "device" in form.dataset;
    form.addEventListener("submit", async event => {
      event.preventDefault();
      waiting?.abort();
      button.disabled = true;
      failed.hidden = true;
      try {
        await (form.dataset.passkey === "get" ? get(form) : create(form));
      } catch (error) {
        button.disabled = false;
        button.focus();
        // A person who closes the window of the browser has not failed.
        failed.hidden = error.name === "NotAllowedError" || error.name === "AbortError";
      }
    });
    if (form.dataset.device) {
      PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable?.().then(can => {
        if (!can) return;
        document.cookie = form.dataset.device;
        form.hidden = false;
      });
    }
  }

  addEventListener("pageshow", () => {
    for (const form of forms) form.querySelector("button").disabled = false;
  });

  const signIn = forms.find(form => form.dataset.passkey === "get");
  if (signIn && document.querySelector("input[autocomplete~=webauthn]")) {
    PublicKeyCredential.isConditionalMediationAvailable?.().then(can => can && offerInField(signIn));
  }
})();
