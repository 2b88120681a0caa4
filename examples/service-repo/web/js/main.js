import { bookings, call } from "./api.js";
import { showBookings } from "./bookings.js";
import { showDepartures } from "./departures.js";
import { showMessages, showStatus } from "./messages.js";

const place = (id) => document.getElementById(id);

async function refresh() {
  try {
    showBookings(place("bookings"), await bookings());
    showDepartures(place("departures"), await call("/api/departures"));
    showMessages(place("messages"), await call("/api/messages"));
    showStatus(place("status"), "");
  } catch (error) {
    showStatus(place("status"), error.message, true);
  }
}

refresh();
setInterval(refresh, 60_000);
