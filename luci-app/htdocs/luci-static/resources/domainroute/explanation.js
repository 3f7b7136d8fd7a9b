'use strict';
'require baseclass';
'require domainroute.text as words';

// One explanation of the daemon as sentences, in the order in which things are decided.

function nameSentence({ name, chain }) {
  if (name === null) return _('No name is known for this address.');
  if (chain.length < 2) return _('The name is %s.').format(name);
  return _('The name is %s, by way of its aliases %s.').format(name, chain.slice(1).join(' → '));
}

function addressSentence({ address, expires_in: left }) {
  if (address === null) return _('No address is known for the name: nobody asked for it yet.');
  if (left === null) return _('The address is %s.').format(address);
  return _('The address is %s; that is known for another %s, longer while it is used.').format(
    address,
    words.duration(left),
  );
}

function ruleSentence({ rule }) {
  if (rule === null) return _('No rule takes it.');
  return _("Rule '%s' takes it.").format(rule);
}

/** Where it goes, in one sentence. */
function destination({ rule, action, interface: device, mark }) {
  if (rule === null) return _('Goes the usual way: no rule takes it.');
  if (action === 'block') return _("Is blocked by rule '%s'.").format(rule);
  if (device !== null)
    return _("Leaves by interface %s, because of rule '%s'.").format(device, rule);
  return _("Goes on with mark %s, because of rule '%s'.").format(words.orDash(mark), rule);
}

function competitorRow({ name, client, rule }, hosts) {
  return E('li', {}, [
    _('%s, told to %s: %s').format(
      name,
      client === null ? _('everyone') : hosts.label(client),
      rule === null ? _('no rule') : _("rule '%s'").format(rule),
    ),
  ]);
}

return baseclass.extend({
  /** A card for one client and address. */
  card(explanation, hosts) {
    const { client, address, query, mark, competing, reason } = explanation;
    const steps = [nameSentence, addressSentence, ruleSentence].map((say) => say(explanation));
    const who = client === null ? _('any client') : hosts.label(client);
    return E('div', { class: 'cbi-section domainroute-card' }, [
      E('h4', {}, [_('%s from %s').format(address ?? query, who)]),
      E('p', { class: 'domainroute-answer' }, [E('strong', {}, [destination(explanation)])]),
      E('ol', {}, [...steps.map((step) => E('li', {}, [step]))]),
      mark === null ? '' : E('p', {}, [_('Its packets are marked %s.').format(mark)]),
      E('p', {}, [_('In the words of the service: %s').format(reason)]),
      competing.length === 0
        ? ''
        : E('div', {}, [
            E('p', {}, [_('Other names are known for the address, which could decide instead:')]),
            E('ul', {}, [...competing.map((row) => competitorRow(row, hosts))]),
          ]),
    ]);
  },
});
