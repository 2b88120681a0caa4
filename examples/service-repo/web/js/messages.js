// Messages from the crew to the passengers.

export function showMessages(list, rows) {
  list.replaceChildren();
  for (const row of rows) {
    const item = document.createElement("li");
    item.textContent = `${row.sent}: ${row.text}`;
    list.append(item);
  }
}

export function showStatus(place, text, isError = false) {
  place.textContent = text;
  place.classList.toggle("error", isError);
}
