'use strict';
'require baseclass';
'require uci';
'require domainroute.fields as fields';
'require domainroute.problems as problems';

// What the pages that edit the configuration need.

const CONFIG = 'domainroute';

/** What was typed into a list's field and is no item, as it is not valid: LuCI would drop it in silence. */
function pending(root) {
  const inputs = [...root.querySelectorAll('.cbi-dynlist input.cbi-input-invalid')];
  return inputs
    .filter(({ value }) => value.trim() !== '')
    .map((input) => "'%s' %s".format(input.value, input.getAttribute('data-tooltip')));
}

return baseclass.extend({
  /** Null, or why there is nothing to edit. A missing section 'main' is made, and saved with the page. */
  async load() {
    try {
      await uci.load(CONFIG);
    } catch (error) {
      const [message] = String(error.message).split('\n');
      return { kind: message.includes('-32002') ? 'denied' : 'unreadable', message };
    }
    if (uci.get(CONFIG, 'main') == null) uci.add(CONFIG, 'domainroute', 'main');
    return null;
  },

  /** [[name, label]] of netifd's interfaces. */
  networks(interfaces) {
    return interfaces
      .filter(({ interface: name }) => name !== 'loopback')
      .map(({ interface: name, up }) => [name, '%s (%s)'.format(name, up ? _('up') : _('down'))]);
  },

  /** The names of the domain lists. */
  lists() {
    return uci.sections(CONFIG, 'list').map((section) => section['.name']);
  },

  /** What is wrong with what a form holds, as lines of text; what it does not show is as UCI has it. */
  problemsOf(section, type, section_id) {
    const stored = uci.get(CONFIG, section_id) ?? {};
    const shown = section.formvalue(section_id);
    const given = Object.assign({}, stored, shown);
    const found = problems.ofSection(type, given, (one) => uci.sections(CONFIG, one));
    return found.map((one) => fields.describe(type, one)).concat(pending(section.map.root));
  },

  /**
   * Has the map refuse to save a section that the service would leave out. Rows come, go and move all the same: LuCI
   * saves them in silence, and a refusal would be silent, too.
   */
  guard(map, section, section_id) {
    const { parse, save } = map;
    map.save = (done, isSilent) => {
      const isThere = uci.get(CONFIG, section_id) != null;
      const lines =
        isThere && !isSilent ? this.problemsOf(section, section.sectiontype, section_id) : [];
      if (lines.length === 0) return save.call(map, done, isSilent);
      // what is wrong with a form is told where it is read
      map.parse = () => Promise.reject(new TypeError(lines.join('\n')));
      return save.call(map, done, isSilent).finally(() => {
        map.parse = parse;
      });
    };
  },
});
