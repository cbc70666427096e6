import { type EnvFile, readEnvFile } from '../../config/env-file';
import { readEnvFiles } from '../../config/env-files';

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: the references of env files look like template strings

const environment = new Map([
  ['REGION', 'eu-west'],
  ['BLANK', ''],
  ['NESTED', '$REGION'],
]);

function read(text: string): EnvFile {
  return readEnvFile(text, (name) => environment.get(name));
}

/** The values of a file without problems, the last of each name. */
function valuesOf(text: string): Record<string, string> {
  const file = read(text);
  expect(file.problems).toEqual([]);
  return Object.fromEntries(file.entries.map(({ name, value }) => [name, value]));
}

function problemsOf(text: string): string[] {
  return read(text).problems.map(({ line, message }) => `line ${line}: ${message}`);
}

describe('a statement', () => {
  test.each([
    ['takes the text behind the equals sign', 'PORT=1323', { PORT: '1323' }],
    ['takes a colon for an equals sign', 'PORT: 1323', { PORT: '1323' }],
    ['ends the name at the first separator', 'URL=http://a:1/?b=c\nMAP:x=y', { URL: 'http://a:1/?b=c', MAP: 'x=y' }],
    ['ignores blanks around name and separator', ' \tPORT \t = \t1323 \t', { PORT: '1323' }],
    ['ignores no-break spaces around name and value', '\u00a0PORT\u00a0=\u00a01323\u00a0', { PORT: '1323' }],
    ['may be indented and surrounded by empty lines', '\n\n  A=1\n\t\n\n\tB=2\n\n', { A: '1', B: '2' }],
    ['reads Windows line breaks', 'A=1\r\n\r\nB="2"\r\n# c\r\nC=\r\n', { A: '1', B: '2', C: '' }],
    ['keeps a lone carriage return inside a value', 'A=1\rB=2\n', { A: '1\rB=2' }],
    ['may have an empty value', 'A=\nB= \nC=""\nD=\'\'', { A: '', B: '', C: '', D: '' }],
    ['may have an empty name', '=1', { '': '1' }],
    ['is read behind a byte order mark', '\ufeffA=1', { A: '1' }],
    ['counts as the last of its name', 'A=1\nA=2', { A: '2' }],
    ['ends at a line break, not at a Unicode line separator', 'A=1\u2028B=2\nC=3', { A: '1\u2028B=2', C: '3' }],
    ['may follow a Unicode line separator', '\u2028A=1', { A: '1' }],
  ])('%s', (_, text, values) => {
    expect(valuesOf(text)).toEqual(values);
  });

  test('is listed each time with the line of its name', () => {
    expect(read('# first\nA=1\n\nB="\n\n"\nA=3').entries).toEqual([
      { name: 'A', value: '1', line: 2 },
      { name: 'B', value: '\n\n', line: 4 },
      { name: 'A', value: '3', line: 7 },
    ]);
  });

  test('may have a name that objects inherit', () => {
    const { entries } = read('__proto__=a\nconstructor=b\nC=${__proto__}${constructor}${toString-c}');
    expect(entries.map(({ name, value }) => [name, value])).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
      ['C', 'abc'],
    ]);
  });
});

describe('a name', () => {
  test.each(['a', 'Z_9', '9', 'a.b', 'a-b', 'a[0]', 'größe', '名前', '²', '𐐀', 'a\tb', 'a\u00a0b'])(
    'may be %j',
    (name) => {
      expect(valuesOf(`${name}=1`)).toEqual({ [name]: '1' });
    },
  );

  test.each([
    ['%', '"%"'],
    ['$', '"$"'],
    ['"', '"\\""'],
    ['\\', '"\\\\"'],
    ['/', '"/"'],
    ['#', '"#"'],
    ['😀', '"😀"'],
    ['\u0000', '"\\x00"'],
    ['\u0007', '"\\a"'],
    ['\ufeff', '"\\ufeff"'],
    ['\u2003', '"\\u2003"'],
    ['\u{e0001}', '"\\U000e0001"'],
  ])('may not have %j, which the message shows', (char, shown) => {
    expect(problemsOf(`A=1\nna${char}me=1`)).toEqual([
      expect.stringContaining(`line 2: unexpected character ${shown} in variable name`),
    ]);
  });

  test('may not have a space inside', () => {
    expect(problemsOf('# text\nnot a setting\nB =1\nmy name=1')).toEqual([
      expect.stringContaining('line 2: key cannot contain a space'),
      expect.stringContaining('line 4: key cannot contain a space'),
    ]);
  });
});

describe('export', () => {
  test.each([
    ['is dropped before a name', 'export A=1\nexport\t B=2\n  export   C: 3', { A: '1', B: '2', C: '3' }],
    ['is a name before a separator', 'export=1', { export: '1' }],
    [
      'is part of a longer name',
      'exported=1\nexport-a=2\nexport_b=3',
      { exported: '1', 'export-a': '2', export_b: '3' },
    ],
    ['is no name before blanks and a separator', 'export =1', { '': '1' }],
    ['stays in the name before a no-break space', 'export\u00a0A=1', { 'export\u00a0A': '1' }],
    ['is dropped before a bare name', 'export REGION\n', { REGION: 'eu-west' }],
    ['says nothing on a line of its own', 'export\nA=1', { A: '1' }],
  ])('%s', (_, text, values) => {
    expect(valuesOf(text)).toEqual(values);
  });

  test('is dropped once only', () => {
    expect(problemsOf('export export A=1')).toEqual([expect.stringContaining('line 1: key cannot contain a space')]);
  });

  test('needs something behind it where the file ends', () => {
    expect(problemsOf('A=1\nexport ')).toEqual([expect.stringContaining('line 2: zero length string')]);
  });
});

describe('a bare name', () => {
  test.each([
    ['takes its value from the environment', 'REGION\nA=1', { REGION: 'eu-west', A: '1' }],
    ['may be empty there', 'BLANK\n', { BLANK: '' }],
    ['is left out when the environment lacks it', 'ABSENT\nA=1', { A: '1' }],
    ['takes nothing from the file', 'A=1\nA\n', { A: '1' }],
    ['replaces what the file set before', 'REGION=us\nREGION \r\n', { REGION: 'eu-west' }],
    ['is not interpolated', 'NESTED\n', { NESTED: '$REGION' }],
    ['without a line break at the end is the value of an empty name', 'A=1\nREGION', { A: '1', '': 'REGION' }],
    ['at the end may even have spaces', 'export two words', { '': 'two words' }],
  ])('%s', (_, text, values) => {
    expect(valuesOf(text)).toEqual(values);
  });

  test('keeps the lines counted', () => {
    expect(read('REGION \nABSENT\n\nREGION\nA=1').entries.map(({ line }) => line)).toEqual([1, 4, 5]);
  });
});

describe('a comment', () => {
  test.each([
    ['takes a whole line', '# A=1\n   # B=2\nC=3\n#', { C: '3' }],
    ['starts at a hash behind a space', 'A=1 # one\nB=2 #two #', { A: '1', B: '2' }],
    ['keeps a hash that no space precedes', 'A=1#one\nB=#fff\nC=1\t#x', { A: '1#one', B: '#fff', C: '1\t#x' }],
    ['keeps a hash that starts the value, blanks or not', 'A= # none', { A: '# none' }],
    ['is dropped with every blank before it', 'A=1 \t  # one', { A: '1' }],
    ['may follow a closing quote at once', 'A="1"# one\nB=\'2\' # two', { A: '1', B: '2' }],
    ['does not start inside quotes', 'A="1 # one"\nB=\'2 # two\'', { A: '1 # one', B: '2 # two' }],
    ['hides a reference', 'A=1 # ${', { A: '1' }],
  ])('%s', (_, text, values) => {
    expect(valuesOf(text)).toEqual(values);
  });
});

describe('an unquoted value', () => {
  test.each([
    ['keeps backslashes', 'A=C:\\new\\"x\\', { A: 'C:\\new\\"x\\' }],
    ['keeps quotes that do not start it', 'A=it\'s "so"', { A: 'it\'s "so"' }],
    ['loses Unicode spaces at its end only', 'A=\u2003x y\u2003\u3000', { A: '\u2003x y' }],
    ['starts with a quote behind a Unicode space', 'A=\u2003"x"', { A: '\u2003"x"' }],
  ])('%s', (_, text, values) => {
    expect(valuesOf(text)).toEqual(values);
  });
});

describe('a value in single quotes', () => {
  test.each([
    ['is literal', "A='$REGION ${REGION} \\n \\\\ # \"'", { A: '$REGION ${REGION} \\n \\\\ # "' }],
    ['takes a quote behind a backslash', "A='it\\'s'", { A: "it's" }],
    ['ends behind an escaped backslash, which stays doubled', "A='x\\\\'\nB=2", { A: 'x\\\\', B: '2' }],
    ['may span lines', "A='one\r\n two\n'\nB=2", { A: 'one\r\n two\n', B: '2' }],
  ])('%s', (_, text, values) => {
    expect(valuesOf(text)).toEqual(values);
  });
});

describe('a value in double quotes', () => {
  test.each([
    ['has the control escapes', '\\a\\b\\f\\n\\r\\t\\v', '\u0007\b\f\n\r\t\v'],
    ['unescapes quotes, backslashes and dollar signs', '\\"\\\\\\$REGION', '"\\$REGION'],
    ['keeps any other backslash', "\\c\\x41\\u0041\\ \\'\\1", "\\c\\x41\\u0041\\ \\'\\1"],
    ['has octal escapes of three digits behind a zero', '\\0101\\0351\\01012', 'Aé' + 'A2'],
    ['drops the zero of any other octal escape', '\\0 \\07 \\012 \\0400 \\0189', '\\ \\7 \\12 \\400 \\189'],
    ['interpolates what escapes make', '\\0044REGION', 'eu-west'],
    ['interpolates behind an escaped backslash', '\\\\$REGION', '\\eu-west'],
    ['keeps spaces and line breaks', ' a\n\tb ', ' a\n\tb '],
    ['keeps single quotes', "'a'", "'a'"],
  ])('%s', (_, inner, value) => {
    expect(valuesOf(`A="${inner}"\nB=2`)).toEqual({ A: value, B: '2' });
  });
});

describe('what follows a closing quote', () => {
  test.each([
    ['is a statement of its own', 'A="1" B=2', { A: '1', B: '2' }],
    ['needs no blank before it', "A='1'B='2'", { A: '1', B: '2' }],
    ['may be a bare name', 'A="1"REGION\nB=2', { A: '1', REGION: 'eu-west', B: '2' }],
  ])('%s', (_, text, values) => {
    expect(valuesOf(text)).toEqual(values);
  });

  test('is refused with a pointer to the quote that may be misplaced', () => {
    expect(problemsOf('A="one\nB="two"\nC=3')).toEqual([
      expect.stringMatching(
        /^line 2: unexpected character "\\"" in variable name: .* closing quote of the value from line 1/,
      ),
    ]);
  });
});

describe('a reference', () => {
  test.each([
    ['has braces or not', '$REGION-${REGION}x', 'eu-west-eu-westx'],
    ['ends where the name cannot go on', '$REGION.a/$REGION', 'eu-west.a/eu-west'],
    ['distinguishes case', '${region-lower}', 'lower'],
    ['may start with an underscore', '${_X1-a}', 'a'],
    ['is no digit', '$1 $', '$1 $'],
    ['is empty where nothing sets it', '[$ABSENT${ABSENT}]', '[]'],
    ['is not read twice', '$NESTED', '$REGION'],
    ['is escaped by a second dollar sign', '$$REGION $$$REGION $${', '$REGION $eu-west ${'],
    ['does not need a closing brace alone', '$} {$REGION}', '$} {eu-west}'],
    [':- replaces what is unset or empty', '${REGION:-a} ${BLANK:-b} ${ABSENT:-c}', 'eu-west b c'],
    ['- replaces what is unset', '${REGION-a} ${BLANK-b} ${ABSENT-c}', 'eu-west  c'],
    [':+ replaces what is neither', '${REGION:+a} ${BLANK:+b} ${ABSENT:+c}', 'a  '],
    ['+ replaces what is set', '${REGION+a} ${BLANK+b} ${ABSENT+c}', 'a b '],
    [':? passes what is neither unset nor empty', '${REGION:?a}', 'eu-west'],
    ['? passes what is set', '[${BLANK?a}]', '[]'],
    ['takes the operator that comes first', '${ABSENT-a:-b?c} ${ABSENT:-d+e}', 'a:-b?c d+e'],
    ['may have an empty text', '[${ABSENT-}${ABSENT:-}]', '[]'],
    ['nests', '${ABSENT:-${BLANK:-${REGION:+<$REGION>}}}', '<eu-west>'],
    ['evaluates only the text it uses', '${REGION-${ABSENT:?no}}', 'eu-west'],
    ['may be followed by others', '${ABSENT:-a} ${REGION} ${ABSENT:-b}', 'a eu-west b'],
    ['counts braces in its text', '${ABSENT:-{"a":{"b":1}}}', '{"a":{"b":1}}'],
    ['overlooks the character behind an opening brace', '${ABSENT:-{}}x}', '{}}x'],
    ['takes the text up to the last brace where none balances', '${ABSENT:-{a}', '{a'],
  ])('%s', (_, template, value) => {
    expect(valuesOf(`A=${template}\n`)).toEqual({ A: value });
  });

  test('prefers the environment to what the file sets', () => {
    expect(valuesOf('REGION=us\nOTHER=1\nA=$REGION$OTHER')).toEqual({ REGION: 'us', OTHER: '1', A: 'eu-west1' });
  });

  test('sees what stands above it, not below', () => {
    expect(valuesOf('A=${B-none}\nB=1\nC=$B\nB=2\nD=$B')).toEqual({ A: 'none', B: '2', C: '1', D: '2' });
  });

  test('is reported where nothing sets it and no operator replaces it', () => {
    const text = 'A=1\nB="$A\n${GONE} $GONE $LOST"\nC=${GONE-}${GONE:+}${A:-$LOST}\nD=\'$GONE\'\nE=${GONE:-$LOST}';
    expect(read(text).unset).toEqual([
      { line: 2, name: 'B', variable: 'GONE' },
      { line: 2, name: 'B', variable: 'LOST' },
      { line: 6, name: 'E', variable: 'LOST' },
    ]);
  });

  test.each([
    '${',
    '${}',
    '${ REGION}',
    '${REGION',
    '${REGION!}',
    '${REGION:}',
    '${REGION:x}',
    '${1}',
    '${ABSENT:-x',
    '"${ABSENT:-a\nb}"',
    '"${ABSENT:-a\\nb}"',
    '${ABSENT:-${}}',
    '${ABSENT:-${REGION}',
  ])('is refused as %j', (template) => {
    expect(problemsOf(`# text\nA=${template}\nB=2`)).toEqual([expect.stringContaining('line 2: Invalid template: ')]);
  });

  test.each([
    ['${ABSENT:?set it}', 'required variable ABSENT is missing a value: set it'],
    ['${BLANK:?set it}', 'required variable BLANK is missing a value: set it'],
    ['${ABSENT?set - or + it}', 'required variable ABSENT is missing a value: set - or + it'],
    ['${ABSENT?}', 'required variable ABSENT is missing a value; set ABSENT'],
    ['${ABSENT:-${LOST:?inner}}', 'required variable LOST is missing a value: inner'],
    ['${ABSENT?outer ${LOST?inner}}', 'required variable LOST is missing a value: inner'],
    ['${ABSENT?costs $$1}', 'required variable ABSENT is missing a value: costs $1'],
    ['${ABSENT?as ${LOST:-secret} is}', 'required variable ABSENT is missing a value: as ${LOST} is'],
    ['${ABSENT?as ${REGION:+secret} is}', 'required variable ABSENT is missing a value: as ${REGION} is'],
  ])('stops at %s', (template, message) => {
    const [problem, ...others] = read(`\nA=${template}`).problems;
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ line: 2, name: 'A' });
    expect(problem?.message).toContain(message);
  });

  test('names every missing variable of a value', () => {
    expect(problemsOf('A=${ONE:?first}${TWO:?second}')).toEqual([
      'line 1: required variable ONE is missing a value: first',
      'line 1: required variable TWO is missing a value: second',
    ]);
  });
});

describe('a malformed statement', () => {
  test('does not hide the ones behind it', () => {
    const file = read('A=1\nno setting\nB=${\nC%=3\nD=${ABSENT:?}\nE=5');
    expect(file.problems.map(({ line, name }) => [line, name])).toEqual([
      [2, undefined],
      [3, 'B'],
      [4, undefined],
      [5, 'D'],
    ]);
    expect(file.entries.map(({ name }) => name)).toEqual(['A', 'E']);
  });

  test('is reported once, not again where its value is used', () => {
    const file = read('A=${ABSENT:?set it}\nB=$A\nC=${B:?set B}\nD=4');
    expect(file.problems).toHaveLength(1);
    expect(file.unset).toEqual([]);
    expect(file.entries).toEqual([{ name: 'D', value: '4', line: 4, above: 'C' }]);
  });

  test('takes the lines of its quoted value along', () => {
    const file = read('my key="-----BEGIN\nab+/c\n-----END" # pem\nB=2');
    expect(file.problems.map(({ line }) => line)).toEqual([1]);
    expect(file.entries).toEqual([{ name: 'B', value: '2', line: 4 }]);
  });

  test('does not take lines along up to the quote of another value', () => {
    const file = read("my key='one\nB='two'\nC=3");
    expect(file.problems.map(({ line }) => line)).toEqual([1]);
    expect(file.entries.map(({ name }) => name)).toEqual(['B', 'C']);
  });

  test.each([
    ['A="one', 'double'],
    ["A='one", 'single'],
    ['A="one\\"', 'double'],
    ["A='one\\'", 'single'],
    ['A="one\\', 'double'],
    ['A="', 'double'],
    ['A="one\'', 'double'],
  ])('is one without a closing quote: %s', (text, kind) => {
    const [problem, ...others] = read(text).problems;
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ line: 1, name: 'A' });
    expect(problem?.message).toMatch(new RegExp(`^unterminated quoted value: .* ${kind} quote`));
  });

  test('without a closing quote is reported where it opens, and its further lines are not', () => {
    const file = read('A=1\nKEY="-----BEGIN KEY-----\nab+/c==\nabc=\n-----END KEY-----\n\nB=2\nnot this\nC=3');
    expect(file.problems.map(({ line, name }) => [line, name])).toEqual([
      [2, 'KEY'],
      [8, undefined],
    ]);
    expect(file.entries.map(({ name, line }) => [name, line])).toEqual([
      ['A', 1],
      ['B', 7],
      ['C', 9],
    ]);
  });
});

/** Park and Miller's generator: the same texts at every run. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48271) % 0x7fffffff;
    return state % below;
  };
}

describe('any text', () => {
  const pieces = [
    ...['A', 'B', 'export ', '=', '=', ': ', '"', "'", ' ', '\n', '\n', '\r\n', '#', ' #', '$', '${', '}', '{', '\\'],
    ...[':-', '-', '+', ':?', '\\n', '\\0', 'é', '😀', '\ud800', '\u0000', '\u00a0', '\u2028', '\ufeff', '!'],
  ];

  test('is read without throwing, with lines in order and within the file', () => {
    const random = randomFrom(7);
    const texts = Array.from({ length: 20_000 }, () =>
      Array.from({ length: random(24) }, () => pieces[random(pieces.length)]).join(''),
    );
    const wrong = texts.filter((text) => {
      const { entries, problems, unset } = read(text);
      const last = text.split('\n').length;
      return [entries, problems, unset].some((found) =>
        found.some(({ line }, index) => line < (found[index - 1]?.line ?? 1) || line > last),
      );
    });
    expect(wrong).toEqual([]);
  });

  test('never shows a part of a value in a message', () => {
    const random = randomFrom(11);
    // No variable starts with a digit and no name has a slash, so a part of the secret is never one of these.
    const secret = '7/hunter';
    const references = [secret, '${SECRET', '${GONE:?see $SECRET}', `\${GONE?see \${C-${secret}}}`];
    // Apart from these, no `:?`: what a person writes behind it is meant to be shown.
    const parts = [...pieces.filter((piece) => piece !== ':?'), ...references, ...references];
    const messages = Array.from({ length: 20_000 }, () => {
      const inner = Array.from({ length: random(16) }, () => parts[random(parts.length)]).join('');
      const { problems } = readEnvFile(`SECRET=${secret}\nX="${inner}\n${secret} ${secret}`);
      return problems.map(({ name, message }) => `${name}${message}`);
    }).flat();
    expect(messages.filter((message) => message.includes('hunter'))).toEqual([]);
    expect(messages.length).toBeGreaterThan(10_000);
  });

  test.each([
    ['${GONE:?now it is $SECRET}', 'now it is ${SECRET}'],
    ['${GONE:?now it is ${SECRET:-none}}', 'now it is ${SECRET}'],
    ['${GONE:?now it is ${OTHER:-hunter2}}', 'now it is ${OTHER}'],
  ])('keeps the references of a message as they are: %s', (template, message) => {
    const { problems } = readEnvFile(`SECRET=hunter2\nA=${template}`);
    expect(problems.map((problem) => problem.message)).toEqual([
      `required variable GONE is missing a value: ${message}`,
    ]);
  });

  const size = 1_000_000;
  test.each([
    ['many settings', 'KEY=value $REGION # text\n'.repeat(size / 25)],
    ['deep nesting', `A=${'${B-'.repeat(size / 5)}${'}'.repeat(size / 5)}`],
    ['many references without a closing brace', `A=${'${B-'.repeat(size / 4)}`],
    ['many references before a long text', `A=${'${B-}'.repeat(size / 10)}${'x'.repeat(size / 2)}`],
    ['many values on one line', 'A=""'.repeat(size / 4)],
    ['many quotes', `my key='\n${'x!="\n'.repeat(size / 5)}`],
    ['one long value', `A="${'\\"'.repeat(size / 2)}"`],
  ])('is read in linear time: %s', (_, text) => {
    const start = performance.now();
    read(text);
    // Quadratic readers need minutes here; the bound leaves room for a busy machine.
    expect(performance.now() - start).toBeLessThan(5000);
  });

  describe('is refused at the line with which it gets too long', () => {
    const doubled = (references: (name: string) => string) => [
      'A0=twenty-characters-xx',
      ...Array.from({ length: 40 }, (_, index) => `A${index + 1}=${references(`A${index}`)}`),
    ];
    const text = 'the references up to this line expand to more than 8 MiB of text';

    test.each<[string, (name: string) => string]>([
      ['references', (name) => `\${${name}}$${name}`],
      ['references in quotes', (name) => `"\${${name}}\${${name}}"`],
      ['defaults', (name) => `\${N:-\${${name}}}\${N-\${${name}}}`],
      ['alternatives', (name) => `\${${name}:+\${${name}}\${${name}}}`],
    ])('doubled by %s', (_, references) => {
      const { entries, problems } = readEnvFile(doubled(references).join('\n'));
      expect(problems).toMatchObject([{ line: 19, name: 'A18', message: expect.stringContaining(text) }]);
      expect(entries.map(({ name }) => name)).toEqual(Array.from({ length: 18 }, (_, index) => `A${index}`));
    });

    test('repeated, and the plain values behind it are read', () => {
      const lines = [
        `A=${'x'.repeat(1024 * 1024)}`,
        ...Array.from({ length: 4000 }, (_, index) => `B${index}=$A`),
        'C=c',
      ];
      const { entries, problems } = readEnvFile(lines.join('\n'));
      expect(problems).toMatchObject([{ line: 10, name: 'B8', message: expect.stringContaining(text) }]);
      expect(entries.at(-1)).toMatchObject({ name: 'C', value: 'c', line: lines.length });
      expect(entries).toHaveLength(10);
    });

    test('in another file', () => {
      const a = {
        path: 'a.env',
        text: doubled((name) => `$${name}$${name}`)
          .slice(0, 18)
          .join('\n'),
      };
      const b = { path: 'b.env', text: `B=${'$A17'.repeat(5)}\n` };
      const { problems } = readEnvFiles([a, b], () => undefined, []);
      expect(problems).toMatchObject([{ file: 'b.env', line: 1, variable: 'B', text: expect.stringContaining(text) }]);
    });
  });
});
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: end of the references
