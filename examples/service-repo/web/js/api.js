// Calls to the service: JSON in, JSON out, and an Error that the page can show.

export async function call(path, options = {}) {
  const response = await fetch(path, {
    credentials: "same-origin",
    headers: { "Content-Type": "application/json" },
    ...options,
  });
  const body = await response.json();
  if (!response.ok) {
    throw new Error(body.error || `the service answered ${response.status}`);
  }
  return body;
}

export const bookings = () => call("/api/bookings");

export const book = (crossing, passenger, card) =>
  call("/api/bookings", { method: "POST", body: JSON.stringify({ crossing, passenger, card }) });
