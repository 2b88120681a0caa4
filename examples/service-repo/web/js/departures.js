// The departures board.

const EMPTY = '<p class="quiet">No more crossings today.</p>';

export function showDepartures(place, rows) {
  if (rows.length === 0) {
    place.innerHTML = EMPTY;
    return;
  }
  const table = document.createElement("table");
  for (const row of rows) {
    const line = table.insertRow();
    line.insertCell().textContent = row.departs;
    line.insertCell().textContent = row.quay;
    line.insertCell().textContent = row.seats_left > 0 ? `${row.seats_left} seats` : "full";
  }
  place.replaceChildren(table);
}
