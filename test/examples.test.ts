import { committedExample, exampleNames, renderExample } from '../commands/example-studios';

test.each(exampleNames())('examples/%s is what its env file renders to (npm run examples writes it)', (name) => {
  const rendered = renderExample(name);
  expect(new Map(rendered.map(({ path, text }) => [path, text]))).toEqual(committedExample(name));
  expect(rendered.length).toBeGreaterThan(5);
});
