import tseslint from 'typescript-eslint';

const readonly = (...names) => Object.fromEntries(names.map((name) => [name, 'readonly']));

/** LuCI makes a function of each file: what it requires are the arguments. */
const LUCI_FILES = ['luci-app/htdocs/**/*.js', 'test/luci/double/*.js'];
const LUCI_GLOBALS = readonly(
  ...['_', 'N_', 'E', 'L', 'window', 'document', 'performance', 'URL', 'URLSearchParams'],
  ...['TextEncoder', 'baseclass', 'dom', 'form', 'poll', 'rpc', 'uci', 'ui', 'view', 'addresses'],
  ...[
    'backend',
    'chart',
    'explanation',
    'fields',
    'grid',
    'hosts',
    'live',
    'lookups',
    'main',
    'options',
  ],
  ...['panels', 'problems', 'refresh', 'table', 'values', 'words'],
);
const DOUBLE_GLOBALS = readonly('console', 'fetch', 'setInterval', 'structuredClone', 'widgets');

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/'] },
  {
    files: ['src/**/*.ts', 'test/**/*.ts', 'luci-app/tools/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/main.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'exit', message: 'only main.ts ends the process' },
      ],
    },
  },
  {
    files: LUCI_FILES,
    languageOptions: {
      sourceType: 'script',
      ecmaVersion: 2022,
      globals: LUCI_GLOBALS,
      parserOptions: { ecmaFeatures: { globalReturn: true } },
    },
    rules: {
      'no-undef': 'error',
      'no-unused-vars': ['error', { args: 'after-used', caughtErrors: 'all' }],
      'no-unused-expressions': ['error', { allowShortCircuit: true, allowTernary: true }],
      'no-var': 'error',
      'prefer-const': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  { files: ['test/luci/double/*.js'], languageOptions: { globals: DOUBLE_GLOBALS } },
  {
    files: ['luci-app/htdocs/**/*.js'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            "CallExpression[callee.name='E'] > :nth-child(2).arguments:not(ObjectExpression)",
          message: 'attributes come second, if there is anything behind the name',
        },
        {
          selector:
            "CallExpression[callee.name='E'] > :nth-child(3).arguments:not(ArrayExpression)",
          message: 'children are an array: E() takes a string alone for markup (A1)',
        },
        {
          selector:
            "CallExpression[callee.object.name='dom'] > :nth-child(2).arguments:not(ArrayExpression)",
          message: 'children are an array here, too (A1)',
        },
        {
          selector: 'AssignmentExpression[left.property.name=/^(inner|outer)HTML$/]',
          message: 'text is never markup (A1)',
        },
        {
          selector: 'Literal[regex]',
          message: "the jsmin of LuCI's build breaks some of them: RegExp('…')",
        },
        { selector: 'TemplateLiteral', message: "'…'.format(…), as LuCI and its jsmin have it" },
      ],
    },
  },
);
