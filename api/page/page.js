"use strict";

/* Fills the table of chains every two seconds, the others when a block has come. */
const UNIT = 10n ** 18n;
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
		`${status.parked} parked, ${status.discrepancies_open} discrepancies, ${status.ready ? "ready" : "not ready"}.`;
}

/* An amount in BTT; the exact one in the smallest unit under the pointer. */
function amount(row, text) {
	cell(row, text === null ? null : (BigInt(text) / UNIT).toLocaleString("en"));
	row.lastElementChild.title = text;
}

function short(row, address) {
	cell(row, address === null ? null : address.slice(0, 8) + "…" + address.slice(-4));
	row.lastElementChild.title = address;
}

async function ask(path) {
	const answer = await fetch(path);
	const body = await answer.json();

	if (!answer.ok)
		throw new Error(body.detail);
	return body;
}

async function fill(id, rows, write) {
	const t = document.getElementById(id);
	const body = document.createElement("tbody");

	for (const r of rows)
		await write(body.insertRow(), r);
	t.replaceChild(body, t.tBodies[0]);
	t.hidden = !rows.length;
}

async function validator(row, v) {
	const p = await ask(`v1/validators/${v.id}/performance`);

	cell(row, v.id);
	cell(row, v.status);
	amount(row, v.total_stake);
	amount(row, v.reward);
	amount(row, v.delegators_reward);
	cell(row, v.commission_rate + " %");
	cell(row, `${p.checkpoints_signed} of ${p.checkpoints_expected}`);
	cell(row, p.blocks_proposed);
}

function partner(row, p) {
	short(row, p.address);
	short(row, p.partnership);
	cell(row, p.active ? p.share_bps / 100 + " %" : "left");
	amount(row, p.claimable);
	amount(row, p.claimed);
	amount(row, p.earned);
}

function payout(row, p) {
	const link = document.createElement("a");

	cell(row, p.time);
	short(row, p.partner);
	amount(row, p.amount);
	cell(row, p.share_bps / 100 + " %");
	cell(row, p.finality);
	link.href = p.evidence.slice(1);
	link.textContent = "file";
	row.insertCell().append(link);
}

let shown = "";

async function books(status) {
	const heads = status.chains.map(c => c.indexed_hash).join();

	if (heads === shown)
		return;
	const ships = (await ask("v1/partnerships?limit=50")).data;

	await fill("validators", (await ask("v1/validators?limit=50")).data, validator);
	await fill("partners", ships.flatMap(s => s.partners.map(p => ({...p, partnership: s.address}))), partner);
	await fill("payouts", (await ask("v1/payouts?limit=10")).data, payout);
	shown = heads;
}

async function refresh() {
	try {
		const status = await ask("v1/status");

		show(status);
		await books(status);
	} catch (e) {
		summary.textContent = "No answer: " + e.message;
	}
	setTimeout(refresh, 2000);
}

refresh();
