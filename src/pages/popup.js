// The end of a login in a window that a page of the store has opened: reports to that page alone, which closes the window. A page of another origin
// that has opened it would learn from a window that closes by itself whether a person is signed in.
(() => {
  const { outcome, origin, landing, handed } = document.currentScript.dataset;
  if (window.opener) return window.opener.postMessage({ portaria: outcome, landing }, origin);
  // A page of the provider has cut the tie to the opener. A store on another site gets its session only at its own address.
  if (handed) return location.replace(landing);
  window.close();
})();
