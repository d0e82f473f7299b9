// The end of a login in a window that a page of the store has opened: reports to that page alone, and closes.
(() => {
  const { outcome, origin, landing, handed } = document.currentScript.dataset;
  if (window.opener) window.opener.postMessage({ portaria: outcome, landing }, origin);
  // A page of the provider has cut the tie to the opener. A store on another site gets its session only at its own address.
  else if (handed) return location.replace(landing);
  window.close();
})();
