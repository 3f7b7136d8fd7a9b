'use strict';
// A stand-in for LuCI's loader and the classes that it brings along. What is alike, and what is not: ../README.md.

(() => {
  const env = {};

  /** %s %d %f %h %%, with a precision. */
  String.prototype.format = function (...args) {
    return this.replace(/%(?:\.(\d+))?([sdfh%])/g, (whole, precision, type) => {
      if (type === '%') return '%';
      const arg = args.shift();
      if (type === 'd') return String(Math.floor(Number(arg)) || 0);
      if (type === 'f') return Number(arg).toFixed(Number(precision ?? 6));
      return type === 'h' ? escapeHtml(String(arg)) : String(arg);
    });
  };

  function escapeHtml(text) {
    const entities = { '&': '&#38;', '<': '&#60;', '>': '&#62;', '"': '&#34;', "'": '&#39;' };
    return text.replace(/[&<>"']/g, (character) => entities[character]);
  }

  window._ = (text) => window.TR?.[text] ?? text;
  window.N_ = (n, one, many) => (n === 1 ? window._(one) : window._(many));

  /** Classes with `extend`, whose constructor is `__init__`. */
  class Root {
    constructor(...args) {
      this.__init__?.(...args);
    }
  }
  function extendClass(Parent, members) {
    const Child = class extends Parent {};
    Object.assign(Child.prototype, members);
    Child.extend = (more) => extendClass(Child, more);
    Child.instantiate = (args) => new Child(...args);
    return Child;
  }
  Root.extend = (members) => extendClass(Root, members);

  const instances = new WeakMap();
  const dom = {
    elem: (e) => e !== null && typeof e === 'object' && 'nodeType' in e,

    /** A scalar becomes markup, the members of an array text: as LuCI has it. */
    append(node, children) {
      if (Array.isArray(children)) {
        for (const child of children)
          node.appendChild(dom.elem(child) ? child : document.createTextNode(`${child}`));
      } else if (typeof children === 'function') {
        dom.append(node, children(node));
      } else if (dom.elem(children)) {
        node.appendChild(children);
      } else if (children !== null && children !== undefined) {
        node.innerHTML = `${children}`;
      }
      return node.lastChild;
    },

    content(node, children) {
      while (node.firstChild) node.removeChild(node.firstChild);
      return dom.append(node, children);
    },

    attr(node, attributes) {
      for (const [key, value] of Object.entries(attributes ?? {})) {
        if (value === null || value === undefined) continue;
        if (typeof value === 'function') node.addEventListener(key, value);
        else node.setAttribute(key, typeof value === 'object' ? JSON.stringify(value) : value);
      }
    },

    create(html, attributes, data) {
      if (!(attributes instanceof Object) || Array.isArray(attributes))
        return dom.create(html, {}, attributes);
      let node = html;
      if (Array.isArray(html)) {
        node = document.createDocumentFragment();
        html.forEach((part) => node.appendChild(dom.create(part)));
      } else if (!dom.elem(html)) node = document.createElement(html);
      dom.attr(node, attributes);
      dom.append(node, data);
      return node;
    },

    bindClassInstance: (node, instance) => instances.set(node, instance),
    findClassInstance: (node) => {
      for (let at = node; at !== null; at = at.parentNode)
        if (instances.has(at)) return instances.get(at);
      return null;
    },
    callClassMethod: (node, method, ...args) => dom.findClassInstance(node)?.[method]?.(...args),
  };
  window.E = dom.create;

  const poll = {
    queue: [],
    ticks: 0,
    add(fn, interval) {
      if (poll.queue.some((entry) => entry.fn === fn)) return false;
      poll.queue.push({ fn, interval: interval || env.pollinterval, ready: true });
      return true;
    },
    remove(fn) {
      poll.queue = poll.queue.filter((entry) => entry.fn !== fn);
      return true;
    },
    start() {
      setInterval(poll.step, 1000);
      poll.step();
    },
    step() {
      for (const entry of poll.queue) {
        if (poll.ticks % entry.interval !== 0 || !entry.ready) continue;
        entry.ready = false;
        Promise.resolve(entry.fn()).finally(() => (entry.ready = true));
      }
      poll.ticks++;
    },
    active: () => true,
  };

  const View = Root.extend({
    __init__() {
      const node = document.getElementById('view');
      Promise.resolve()
        .then(() => this.load())
        .then((data) => this.render(data))
        .then((content) => {
          dom.content(node, content);
          dom.append(node, this.addFooter());
          poll.start();
        })
        .catch((error) => {
          console.error(error);
          L.ui.addNotification(null, E('pre', {}, [error.message]), 'danger');
        });
    },
    load() {},
    render() {},
    maps: () => [...document.querySelectorAll('#maincontent .cbi-map')],
    handleSave() {
      return Promise.all(this.maps().map((node) => dom.callClassMethod(node, 'save')));
    },
    handleSaveApply() {
      return this.handleSave().then(() => L.ui.changes.apply());
    },
    handleReset() {
      return Promise.all(this.maps().map((node) => dom.callClassMethod(node, 'reset')));
    },
    addFooter() {
      const buttons = [
        ['handleSaveApply', _('Save & Apply'), 'cbi-button-apply'],
        ['handleSave', _('Save'), 'cbi-button-save'],
        ['handleReset', _('Reset'), 'cbi-button-reset'],
      ].filter(([handler]) => this[handler]);
      if (buttons.length === 0) return E([]);
      const isReadOnly = this.maps().every((node) => dom.findClassInstance(node).readonly);
      return E(
        'div',
        { class: 'cbi-page-actions' },
        buttons.map(([handler, title, style]) =>
          E(
            'button',
            {
              class: `btn cbi-button ${style}`,
              disabled: isReadOnly || null,
              click: L.ui.createHandlerFn(this, handler),
            },
            [title],
          ),
        ),
      );
    },
  });

  const classes = new Map(
    Object.entries({ baseclass: Root, dom, poll, view: View }).map(([name, value]) => [
      name,
      Promise.resolve(value),
    ]),
  );

  /** The directives at the head of a file say what it needs, and under which names. */
  async function load(name) {
    const url = `/luci-static/resources/${name.replaceAll('.', '/')}.js`;
    const source = await (await fetch(url)).text();
    const needs = [...source.matchAll(/^'require (\S+?)(?: as (\w+))?';$/gm)];
    const names = needs.map(([, need, as]) => as ?? need.replaceAll(/\W/g, '_'));
    const given = await Promise.all(needs.map(([, need]) => L.require(need)));
    const factory = new Function(...names, `${source}\n//# sourceURL=${url}`);
    const Made = factory(...given);
    return new Made();
  }

  window.LuCI = class {
    constructor(settings) {
      Object.assign(env, settings);
      this.env = env;
    }
    require(name) {
      if (!classes.has(name)) classes.set(name, load(name));
      return classes.get(name).then((instance) => {
        if (name === 'ui') this.ui = instance;
        return instance;
      });
    }
    url(...parts) {
      return [env.scriptname, ...parts].join('/');
    }
    resource(...parts) {
      return [env.resource, ...parts].join('/');
    }
    resolveDefault(value, fallback) {
      return Promise.resolve(value).catch(() => fallback);
    }
    toArray(value) {
      if (value === null || value === undefined) return [];
      if (Array.isArray(value)) return value;
      if (typeof value === 'object') return [value];
      const text = String(value).trim();
      return text === '' ? [] : text.split(/\s+/);
    }
    isObject(value) {
      return value !== null && typeof value === 'object';
    }
    hasViewPermission() {
      return !env.nodespec.readonly;
    }
  };
})();
