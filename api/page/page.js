"use strict";

/* Fills the table of chains from /v1/status every two seconds. */
const summary = document.getElementById("summary");
const table = document.getElementById("chains");

function cell(row, text, bad) {
	const td = row.insertCell();

	td.textContent = text === null ? "–" : String(text);
	if (bad)
		td.className = "bad";
}

function show(status) {
	const body = table.tBodies[0];

	body.replaceChildren();
	for (const c of status.chains) {
		const row = body.insertRow();

		cell(row, c.chain);
		cell(row, c.head);
		cell(row, c.indexed);
		cell(row, c.safe);
		cell(row, c.final);
		cell(row, c.lag_seconds === null ? null : c.lag_seconds + " s");
		cell(row, c.ready ? "yes" : c.unready, !c.ready);
	}
	table.hidden = false;
	summary.textContent = `Network ${status.network}, version ${status.version}, ` +
		`${status.parked} parked, ${status.ready ? "ready" : "not ready"}.`;
}

async function refresh() {
	try {
		const answer = await fetch("v1/status");
		const body = await answer.json();

		if (!answer.ok)
			throw new Error(body.detail);
		show(body);
	} catch (e) {
		summary.textContent = "No status: " + e.message;
	}
	setTimeout(refresh, 2000);
}

refresh();
