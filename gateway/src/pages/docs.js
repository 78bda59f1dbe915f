'use strict';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
let contract;

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function resolve(schema) {
  while (schema && schema.$ref) {
    schema = schema.$ref.slice(2).split('/').reduce((at, part) => at[part], contract);
  }
  return schema || {};
}

// A value of the schema's shape, to start from.
function example(schema, depth = 0) {
  schema = resolve(schema);
  if (schema.enum) return schema.enum[Math.min(1, schema.enum.length - 1)];
  switch (schema.type) {
    case 'object': {
      const value = {};
      if (depth > 4) return value;
      for (const [name, property] of Object.entries(schema.properties || {})) {
        if (!resolve(property).readOnly && !property.readOnly) value[name] = example(property, depth + 1);
      }
      return value;
    }
    case 'array': return depth > 4 ? [] : [example(schema.items, depth + 1)];
    case 'integer': case 'number': return 0;
    case 'boolean': return false;
    case 'string': return schema.format === 'date-time' ? new Date(0).toISOString() : schema.pattern && /int64/.test(schema.format) ? '0' : '';
    default: return null;
  }
}

function type(schema) {
  if (schema.$ref) return schema.$ref.split('.').pop();
  if (schema.type === 'array') return `${type(schema.items || {})}[]`;
  return [schema.type || 'any', schema.format].filter(Boolean).join(' ');
}

function parameterRow(parameter) {
  const input = element('input', { placeholder: type(parameter.schema), autocomplete: 'off' });
  if (parameter.name === 'Idempotency-Key') input.value = crypto.randomUUID ? crypto.randomUUID() : String(Math.random());
  const name = `${parameter.name}${parameter.required ? ' *' : ''}`;
  const row = element('tr', {},
    element('td', {}, element('code', { textContent: name }), element('div', { className: 'note', textContent: parameter.in })),
    element('td', { textContent: parameter.description || '' }),
    element('td', {}, input));
  return { parameter, input, row };
}

// The address that the values of the parameters make.
function address(path, rows) {
  const query = new URLSearchParams();
  for (const { parameter, input } of rows) {
    const value = input.value;
    if (parameter.in === 'path') {
      const encoded = parameter['x-multi-segment'] ? value.split('/').map(encodeURIComponent).join('/') : encodeURIComponent(value);
      path = path.replace(`{${parameter.name}}`, encoded);
    } else if (parameter.in === 'query' && value !== '') {
      const values = resolve(parameter.schema).type === 'array' ? value.split(',') : [value];
      values.forEach((item) => query.append(parameter.name, item));
    }
  }
  const text = String(query);
  return text ? `${path}?${text}` : path;
}

async function send(method, path, operation, rows, body, output) {
  const headers = {};
  const token = document.getElementById('token').value.trim();
  if (token) headers.authorization = `Bearer ${token}`;
  for (const { parameter, input } of rows) {
    if (parameter.in === 'header' && input.value) headers[parameter.name] = input.value;
  }
  if (body && body.value) headers['content-type'] = 'application/json';
  const streams = operation.responses['200'].content && operation.responses['200'].content['application/x-ndjson'];
  if (streams) headers.accept = 'application/x-ndjson';
  const target = address(path, rows);
  output.textContent = `${method.toUpperCase()} ${target}\n…`;
  try {
    const response = await fetch(target, { method: method.toUpperCase(), headers, body: body && body.value ? body.value : undefined });
    let head = `${method.toUpperCase()} ${target}\n${response.status} ${response.statusText}\n`;
    response.headers.forEach((value, name) => { head += `${name}: ${value}\n`; });
    output.textContent = `${head}\n`;
    if (streams && response.body) {
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) output.textContent += part.value;
      return;
    }
    const text = await response.text();
    let shown = text;
    try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: shown as it is */ }
    output.textContent += shown;
    const cart = response.headers.get('x-cart-token') || response.headers.get('x-order-token');
    if (cart) output.textContent += '\n\nKeep the token of the reply\'s headers for later calls.';
  } catch (error) {
    output.textContent += `\n${error}`;
  }
}

function guestHeaders(operation) {
  const known = { cartToken: 'X-Cart-Token', orderToken: 'X-Order-Token' };
  const schemes = new Set(operation.security.flatMap(Object.keys));
  return Object.entries(known).filter(([scheme]) => schemes.has(scheme)).map(([, name]) => ({
    name, in: 'header', schema: { type: 'string' }, description: 'Guests: the token from an earlier reply.',
  }));
}

function operationPanel(path, method, operation) {
  const panel = element('details', { className: 'operation' });
  panel.dataset.text = `${path} ${operation.operationId} ${operation.summary}`.toLowerCase();
  panel.append(element('summary', {},
    element('span', { className: 'method', textContent: method.toUpperCase() }),
    element('span', { className: 'path', textContent: path }),
    element('span', { className: 'what', textContent: operation.summary })));
  panel.addEventListener('toggle', () => { if (panel.open && panel.children.length === 1) fill(panel, path, method, operation); });
  return panel;
}

function fill(panel, path, method, operation) {
  const inside = element('div', {}, element('p', { className: 'note', textContent: operation.description }));
  if (operation['x-roles']) inside.append(element('p', { className: 'note', textContent: `Needs one of the roles: ${operation['x-roles'].join(', ')}` }));
  const rows = [...(operation.parameters || []), ...guestHeaders(operation)].map(parameterRow);
  if (rows.length) inside.append(element('h3', { textContent: 'Parameters' }), element('table', {}, ...rows.map(({ row }) => row)));
  let body;
  const content = operation.requestBody && operation.requestBody.content['application/json'];
  if (content) {
    body = element('textarea', { spellcheck: false, value: JSON.stringify(example(content.schema), null, 2) });
    inside.append(element('h3', { textContent: 'Body' }), body);
  }
  const output = element('pre', { className: 'hidden' });
  const button = element('button', { textContent: 'Send' });
  button.addEventListener('click', () => {
    output.classList.remove('hidden');
    send(method, path, operation, rows, body, output);
  });
  inside.append(element('p', {}, button), output);
  const ok = operation.responses['200'].content && operation.responses['200'].content['application/json'];
  if (ok) {
    inside.append(element('h3', { textContent: 'Reply' }), element('pre', { textContent: JSON.stringify(example(ok.schema), null, 2) }));
  }
  if (operation['x-errors']) inside.append(element('p', { className: 'note', textContent: `Errors: ${operation['x-errors'].join(', ')}` }));
  panel.append(inside);
}

async function start() {
  const main = document.getElementById('operations');
  try {
    contract = await (await fetch('/openapi.json')).json();
  } catch (error) {
    main.replaceChildren(element('p', { textContent: `The contract could not be read: ${error}` }));
    return;
  }
  main.replaceChildren(element('p', { className: 'note', textContent: contract.info.description }));
  for (const tag of contract.tags) {
    const section = element('section', {}, element('h2', { textContent: tag.name }), element('p', { className: 'note', textContent: tag.description }));
    for (const [path, item] of Object.entries(contract.paths)) {
      for (const method of METHODS) {
        if (item[method] && item[method].tags.includes(tag.name)) section.append(operationPanel(path, method, item[method]));
      }
    }
    main.append(section);
  }
  document.getElementById('find').addEventListener('input', (event) => {
    const wanted = event.target.value.toLowerCase();
    for (const panel of document.querySelectorAll('details.operation')) panel.classList.toggle('hidden', !panel.dataset.text.includes(wanted));
  });
}

start();
