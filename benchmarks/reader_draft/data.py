import json, random, re
from collections import defaultdict
import os
B=os.environ['SETS']
def corpus(s):
    return {d['doc_id']: d['text'].split('\n\n') for d in map(json.loads, open(f'{B}/{s}/corpus.jsonl'))}
def questions(s):
    return [json.loads(l) for l in open(f'{B}/{s}/questions.jsonl')]
SPAN=re.compile(r"(?<!^)(?<![.?!] )\b(?:[A-Z][\w'’.-]*(?:\s+(?:of\s+|the\s+)?[A-Z][\w'’.-]*)*|\d[\d,.]*)")
STOP={'I','The','A','An','In','On','What','Who','When','Where','Why','How','Which'}
def spans(t):
    return [m for m in SPAN.finditer(t) if m.group().rstrip('.') not in STOP]
def kind(w): return 'n' if w[0].isdigit() else 'e'
def examples(s, rng, synth=.4):
    """(question, context, [(start,end)...] or [] , doc)"""
    C=corpus(s); out=[]
    pool={d:{'n':[], 'e':[]} for d in C}
    for d,ps in C.items():
        for p in ps:
            for m in spans(p): pool[d][kind(m.group())].append(m.group().rstrip('.,'))
    for q in questions(s):
        if q['type']=='unanswerable':
            for n in q['meta']['near'][:1]:
                out.append((q['question'], C[n['doc_id']][n['paragraph']], [], n['doc_id']))
            continue
        bypar=defaultdict(list)
        for g in q['gold']: bypar[g['doc_id'],g['paragraph']].append(g['quote'])
        for (d,p),quotes in bypar.items():
            text=C[d][p]; pos=[]
            for w in dict.fromkeys(quotes):
                i=text.find(w)
                if i>=0: pos.append((i,i+len(w)))
            if pos: out.append((q['question'],text,pos,d))
            if synth and rng.random()<synth:
                ms=spans(q['question'])
                if ms:
                    m=rng.choice(ms); k=kind(m.group())
                    own=[x.group().rstrip('.,') for x in spans(text) if kind(x.group())==k]
                    cand=[c for c in (own if rng.random()<.6 and own else pool[d][k]) if c.lower() not in q['question'].lower() and c.lower()!=m.group().lower()]
                    if cand:
                        qq=q['question'][:m.start()]+rng.choice(cand)+q['question'][m.end():]
                        out.append((qq,text,[],d))
    return out
if __name__=='__main__':
    r=random.Random(1)
    for s in ['shifts_wiki','shifts_amazon','shifts_reddit','squad2_dev_half']:
        e=examples(s,r,0.5); print(s,len(e),sum(not x[2] for x in e))
        for x in r.sample([x for x in e if not x[2]],4): print('   ',x[0])
