// The policies: which version of each serves, what it says of itself, and what is wrong where another one was activated.

import { make, write } from "/dom.js";

const SHORT = 12;

export function drawPolicies(place, policies) {
  place.closest("section").hidden = policies.length === 0;
  const drawn = JSON.stringify(policies);
  if (place.dataset.drawn === drawn) return;
  place.dataset.drawn = drawn;
  place.replaceChildren(...policies.map(row));
}

function row(policy) {
  const serving = policy.versions.find((version) => version.version === policy.serving);
  const about = serving?.about;
  const state = make("td", { className: policy.trouble ? "state bad" : "state" });
  write(state, policy.trouble ?? (serving ? "serves" : "not active: its routes answer 503"));
  return make("tr", {}, [
    make("td", { className: "key", textContent: policy.name }),
    make("td", { className: "version", textContent: serving?.version.slice(0, SHORT) ?? "–", title: serving?.version ?? "" }),
    make("td", { textContent: about ? `${about.name} ${about.version}` : "–" }),
    make("td", { className: "asks", textContent: about ? asks(about) : "–" }),
    make("td", { className: "number", textContent: String(policy.versions.length) }),
    state,
  ]);
}

// What a policy asks for, and whether it may count.
function asks(about) {
  const asked = [
    about.may_accept && "may accept",
    about.needs_body && "bodies",
    about.headers.length > 0 && `headers ${about.headers.join(", ")}`,
    about.sees_responses && (about.needs_response_body ? "responses with bodies" : "responses"),
    about.keys.length > 0 && `keys ${about.keys.join(", ")}`,
  ];
  return asked.filter(Boolean).join("; ") || "nothing";
}
