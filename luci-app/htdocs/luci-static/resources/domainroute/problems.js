'use strict';
'require baseclass';
'require domainroute.options as options';
'require domainroute.values as values';

// What is wrong with a section, before it is saved: src/config is the authority, and a test compares both.

/** As src/config/rule.ts. */
const COMMUNITIES_MAX = 100;

/** The rules between options, by type of section: what src/config/rule.ts and parse.ts refuse. */
const WHOLE = {
  domainroute: () => null,

  rule: ({ domain, list, interface: device, mark, action, local, announce, community }) => {
    if (domain.length === 0 && list.length === 0) return _('needs at least one domain or list');
    const hasDevice = device.length > 0;
    const hasMark = mark.length > 0;
    if (hasDevice && hasMark) return _('has both an interface and a mark: remove one of them');
    const isAnnounced = values.canonicalBoolean(announce[0] ?? '0') === '1';
    if ((action[0] ?? 'route') === 'route' && !hasDevice && !hasMark && !isAnnounced)
      return _('needs an interface or a mark to route to, or to be announced');
    if (action[0] === 'block' && (hasDevice || hasMark))
      return _('blocks, and has a destination: remove the interface or mark');
    if (local[0] === 'bind' && !hasDevice) return _('has no interface to bind to');
    if (community.length > COMMUNITIES_MAX)
      return _('has more than %d communities').format(COMMUNITIES_MAX);
    return null;
  },

  list: ({ url, file }) =>
    url.length > 0 === file.length > 0 ? _('needs either a URL or a file') : null,
};

/** As src/config/section.ts: an option with blanks is a list where one is expected. */
function textsOf(spec, given) {
  if (given == null || given === '') return [];
  if (Array.isArray(given)) return given;
  return spec.list ? L.toArray(given) : [given];
}

return baseclass.extend({
  /**
   * `given`: the values by option, of UCI or of a form; `lists`: the names of the list sections. The result is empty,
   * or [{ option, value, message }], where option is null for the section as a whole.
   */
  ofSection(type, given, lists) {
    const found = [];
    const texts = {};
    for (const spec of options.sections.get(type).options) {
      texts[spec.name] = textsOf(spec, given[spec.name]);
      if (!spec.list && texts[spec.name].length > 1) {
        found.push({ option: spec.name, value: null, message: _('is given more than once') });
        continue;
      }
      for (const value of texts[spec.name]) {
        const message = values.check(spec, value);
        if (message !== null) found.push({ option: spec.name, value, message });
      }
    }
    if (found.length > 0) return found;
    const whole = WHOLE[type](texts);
    if (whole !== null) return [{ option: null, value: null, message: whole }];
    const missing = type === 'rule' ? texts.list.filter((name) => !lists.includes(name)) : [];
    return missing.map((value) => ({
      option: 'list',
      value,
      message: _('there is no such domain list'),
    }));
  },
});
